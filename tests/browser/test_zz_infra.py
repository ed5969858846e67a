import time, asyncio
from tests.browser.test_notebook import *
async def test_aa(lab):
    await test_a_kernel_restart_during_a_run_loses_nothing(lab)
    lab.page.on("console", lambda m: print("CONSOLE", time.monotonic(), m.text[:100]))
    print("before end", time.monotonic())
    await asyncio.sleep(2)
    print("really end", time.monotonic(), [t[:60] for t in lab.trouble])
async def test_bb(lab):
    print("bb", time.monotonic())
    await asyncio.sleep(2)
    print("bb open", time.monotonic())
    root = await studio(lab)
    print("bb opened", time.monotonic())
