"""What a displayed storyboard leaves in a notebook."""

CODE = """
import seedance_widgets as sw
sw.use(sw.Simulator(speed=100).provider())
base = sw.VideoRequest("", first_frame_url=sw.sample_image(), model="1.0-pro", resolution="480p", duration=2)
board = sw.Storyboard(["leaves", "lands"], base=base)
await board.run()
"""


def kept_of(kernel, message):
    displays = [one for one in kernel.published if one["msg_type"] == "display_data"]
    return [one["content"]["data"] for one in displays if one["parent_header"].get("msg_id") == message][1]


def test_a_displayed_storyboard_is_kept_at_once_in_words_and_soon_with_its_pictures(kernel):
    assert not kernel.run(CODE).error
    message = kernel.send("board")
    kernel.wait(message)
    kept = kept_of(kernel, message)
    assert "<img" not in kept["text/html"]
    assert "leaves: succeeded" in kept["text/html"]
    kernel.until(lambda: any(one["text/html"].count("<img") == 2 for one in kernel.cells[message].updates))


def test_a_view_that_is_displayed_long_after_it_was_made_is_kept_with_its_pictures(kernel):
    assert not kernel.run(
        CODE + "from seedance_widgets.widgets.storyboard_view import StoryboardView\nview = StoryboardView(board)"
    ).error
    drawn = "import asyncio\nwhile view._drawing or not view.board['shots']: await asyncio.sleep(0.01)"
    assert not kernel.run(drawn).error
    message = kernel.send("view")
    kernel.wait(message)
    assert "<img" not in kept_of(kernel, message)["text/html"]
    kernel.until(lambda: any(one["text/html"].count("<img") == 2 for one in kernel.cells[message].updates))
