"""The MCP server `mcp-seedance`, unmodified, as its own process over stdio, against the simulator."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import httpx
import mcp


def told(result):
    assert not result.isError, result.content
    return json.loads(result.content[0].text)


async def test_an_image_becomes_a_video_through_the_tool(sim, image_uri, tmp_path):
    from mcp.client.stdio import stdio_client

    command = Path(sys.executable).with_name("mcp-seedance")
    environment = {
        **os.environ,
        "ACEDATACLOUD_API_BASE_URL": sim.acedata_base_url,
        "ACEDATACLOUD_API_TOKEN": "any",
    }
    server = mcp.StdioServerParameters(command=str(command), env=environment, cwd=tmp_path)
    with (tmp_path / "stderr.txt").open("w", encoding="utf-8") as errors:
        async with stdio_client(server, errlog=errors) as (read, write), mcp.ClientSession(read, write) as session:
            await session.initialize()
            tools = {tool.name for tool in (await session.list_tools()).tools}
            assert "seedance_generate_video_from_image" in tools
            made = told(
                await session.call_tool(
                    "seedance_generate_video_from_image",
                    {
                        "prompt": "the camera moves closer [sim:queue=1] [sim:run=20]",
                        "first_frame_url": image_uri,
                        "model": "doubao-seedance-1-0-pro-250528",
                        "resolution": "480p",
                        "ratio": "adaptive",
                        "return_last_frame": True,
                    },
                )
            )
            sim.clock.advance(60)  # its task tool sleeps five seconds over a task that is not done
            record = told(await session.call_tool("seedance_get_task", {"task_id": made["task_id"]}))
            assert record["mcp_task_polling"]["is_complete"] is True
            data = record["response"]["data"]
            assert (data["status"], data["ratio"], data["duration"]) == ("succeeded", "4:3", 5)
            batch = told(await session.call_tool("seedance_get_tasks_batch", {"task_ids": [made["task_id"]]}))
            assert batch["count"] == 1
    content = await asyncio.to_thread(lambda: httpx.get(data["content"]["video_url"]).content)
    assert content[4:8] == b"ftyp"
    create = next(one for one in sim.requests if one.path == "/seedance/videos")
    assert create.body["async"] is True
