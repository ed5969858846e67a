"""A sweep and the history in JupyterLab, as it comes."""

from __future__ import annotations

from playwright.async_api import expect

SETUP = "import seedance_widgets as sw\nsim = sw.Simulator(speed=100); sw.use(sim.provider())"
BASE = 'base = sw.VideoRequest("a boat", model="1.0-pro", resolution="480p", duration=2)'


async def test_a_sweep_is_watched_while_its_cell_awaits_saved_and_brought_back(lab):
    await lab.open(
        SETUP,
        f"{BASE}\nsweep = sw.Sweep(base, {{'seed': [1, 2, 3]}}, name='boats')\nawait sweep.run()",
        "again = sw.Sweep.load('boats')\nagain",
        "%load_ext seedance_widgets",
        "%%seedance model=1.0-pro resolution=480p duration=2\na cat",
    )
    await lab.run(0)
    await lab.start(1)
    grid = lab.surface(1)
    await expect(grid.locator(".sw-cell video")).to_have_count(3, timeout=60_000)
    await lab.wait_done(1)
    await grid.get_by_role("button", name="Play all", exact=True).click()
    await grid.locator(".sw-cell").nth(1).click()
    await lab.page.keyboard.press("s")
    await lab.wait_value("[cell.index for cell in sweep.starred] == [1]")
    # Saving is the notebook's own, also from within the widget.
    await lab.page.keyboard.press("ControlOrMeta+s")
    await expect(grid.locator(".sw-cell .sw-star").nth(1)).to_have_text("★")
    await lab.screenshot("lab-sweep", 1)
    saved = str(await lab.save())
    assert "data:image/jpeg;base64," in saved
    assert saved.count("data:video") == 0
    # The best one goes on in a form.
    await grid.get_by_role("button", name="Open in Studio").click()
    await expect(grid.locator(".sw-studio textarea").first).to_have_value("a boat", timeout=30_000)
    await lab.screenshot("lab-sweep-studio", 1)
    # What was written in the form is not lost to the next cell.
    await grid.locator(".sw-studio textarea").first.fill("a boat of my own")
    await grid.locator(".sw-cell").nth(2).click()
    await grid.get_by_role("button", name="Open in Studio").click()
    question = grid.get_by_role("alertdialog").filter(has_text="has been changed")
    await expect(question).to_be_visible()
    await question.get_by_role("button", name="Keep it").click()
    await expect(grid.get_by_role("button", name="Open in Studio")).to_be_focused()
    await expect(grid.locator(".sw-studio textarea").first).to_have_value("a boat of my own")
    await grid.get_by_role("button", name="Open in Studio").click()
    await question.get_by_role("button", name="Replace").click()
    await expect(grid.locator(".sw-studio textarea").first).to_have_value("a boat")
    await lab.run(2)
    await lab.surface(2).locator(".sw-grid").scroll_into_view_if_needed(timeout=60_000)  # out of sight nothing loads
    await expect(lab.surface(2).locator(".sw-cell video")).to_have_count(3, timeout=60_000)
    await lab.run(3)
    await lab.run(4)
    await expect(lab.surface(4).locator("video").first).to_be_visible(timeout=60_000)


async def test_settings_of_an_old_job_are_used_again_in_a_studio_below(lab):
    await lab.open(SETUP, f"{BASE}\nvideo = await sw.submit(base.replace(seed=7))", "history = sw.History()\nhistory")
    await lab.run(0)
    await lab.run(1)
    await lab.run(2)
    root = lab.output(2).locator(".sw-history")
    await expect(root.get_by_role("listitem")).to_have_count(1, timeout=30_000)
    await root.get_by_role("button", name="Vary seed").click()
    await expect(root.locator(".sw-studio")).to_be_visible(timeout=30_000)
    assert await lab.value("history.studio.request.seed") == -1
    await expect(root.locator(".sw-studio textarea").first).to_have_value("a boat")
    await lab.screenshot("lab-history", 2)


async def test_saving_by_its_key_works_with_the_focus_in_a_prompt(lab):
    await lab.open("import seedance_widgets as sw\nstudio = sw.Studio()\nstudio")
    await lab.run(0)
    prompt = lab.surface(0).locator("textarea").first
    await prompt.fill("a boat")
    await lab.wait_value("studio.request.prompt == 'a boat'")
    before = lab.file.stat().st_mtime_ns
    await prompt.press("ControlOrMeta+s")
    await lab._until("() => !panel.context.model.dirty")
    assert lab.file.stat().st_mtime_ns > before
    await prompt.press("a")  # and its other keys are still its own
    await expect(prompt).to_have_value("a boata")


async def test_dollars_in_what_is_told_are_no_maths(lab):
    await lab.open(
        "%load_ext seedance_widgets",
        "from IPython.display import Markdown\nMarkdown('$x$ and $y$')",
        "%seedance help",
        'import seedance_widgets as sw\nsw.Sweep(sw.VideoRequest("x"), {"prompt": ["costs $1 or $2"]}).plan()',
    )
    for index in range(4):
        await lab.run(index)
    typeset = "mjx-container, .MathJax"
    await expect(lab.output(1).locator(typeset)).to_have_count(2)  # where it is maths, it is drawn as maths
    for index, words in ((2, "$"), (3, "costs $1 or $2")):
        await expect(lab.output(index)).to_contain_text(words)
        await expect(lab.output(index).locator(typeset)).to_have_count(0)
