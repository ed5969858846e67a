"""The prompt and its vocabulary, the problems under every field, words and room, in Chromium."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.form import Form

HOSTILE = "<img src=x onerror=\"document.title='owned'\"></script><b>bold</b>"


async def caret(area):
    return await area.evaluate("area => [area.selectionStart, area.selectionEnd]")


# ----------------------------------------------------------------------------------------------------------- the prompt


async def test_what_is_typed_into_the_prompt_is_sent_and_counted(stage):
    one = Form(stage, prompt="")
    root = await one.show()
    await root.get_by_label("Prompt").press_sequentially("a red boat")
    await one.sent({"prompt": "a red boat"})
    await expect(root.locator(".sw-counter")).to_have_text("3 / 1,000 words advised")
    await expect(root.get_by_label("Prompt")).to_have_value("a red boat")


async def test_an_answer_that_comes_late_never_overwrites_what_is_typed(stage):
    one = Form(stage, prompt="")
    root = await one.show()
    area, number = root.get_by_label("Prompt"), root.get_by_role("textbox", name="Length in seconds")
    one.open.clear()
    await area.press_sequentially("a boat")
    await number.press_sequentially("7")
    one.draw()  # an upload has ended, say: the view that comes holds none of it
    await stage.js("() => new Promise(requestAnimationFrame)")
    await expect(area).to_have_value("a boat")
    await expect(number).to_have_value("7")
    await area.press_sequentially(" at sea")
    one.open.set()
    await one.sent({"prompt": "a boat at sea", "duration": 7, "frames": None})
    await one.settled()
    await expect(area).to_have_value("a boat at sea")
    assert len(one.sets) == 2, "edits that wait travel together"
    assert one.request.prompt == "a boat at sea"


async def test_problems_are_drawn_while_edits_are_still_under_way(stage):
    one = Form(stage)
    root = await one.show()
    one.open.clear()
    await root.get_by_label("Prompt").press_sequentially("!")
    one.request = one.request.replace(resolution="4k")
    one.draw()
    await expect(root.locator(".sw-problem")).to_contain_text("does not make 4k")
    await expect(root.get_by_role("radio", name="720p")).to_be_checked()
    one.open.set()
    await one.settled()
    await expect(root.get_by_role("radio", name="4k")).to_be_checked()


async def test_the_caret_stays_where_it_is(stage):
    one = Form(stage, prompt="a boat at sea")
    root = await one.show()
    area = root.get_by_label("Prompt")
    await area.evaluate("area => { area.focus(); area.setSelectionRange(2, 2); }")
    await area.press_sequentially("red ")
    await one.sent({"prompt": "a red boat at sea"})
    await one.settled()
    assert await caret(area) == [6, 6]
    one.change(prompt="a red boat at sea, at dawn")  # studio.request = ... in a cell
    await expect(area).to_have_value("a red boat at sea, at dawn")
    assert await caret(area) == [6, 6]


async def test_an_input_method_is_left_alone_until_the_word_is_there(stage):
    one = Form(stage, prompt="")
    root = await one.show()
    area = root.get_by_label("Prompt")
    await area.focus()
    keys = await stage.page.context.new_cdp_session(stage.page)
    for part in ("h", "ha", "hai"):
        await keys.send(
            "Input.imeSetComposition", {"text": part, "selectionStart": len(part), "selectionEnd": len(part)}
        )
    one.draw()
    await stage.js("() => new Promise(requestAnimationFrame)")
    await expect(area).to_have_value("hai")
    assert one.sets == []
    await keys.send("Input.insertText", {"text": "海"})
    await one.sent({"prompt": "海"})
    await one.settled()
    assert one.sets == [{"prompt": "海"}]
    await expect(area).to_have_value("海")


async def test_ctrl_or_cmd_and_enter_generate_and_enter_alone_is_a_new_line(stage):
    one = Form(stage)
    root = await one.show()
    area = root.get_by_label("Prompt")
    await area.press("End")
    await area.press("Enter")
    await one.sent({"prompt": "a boat\n"})
    await expect(root).not_to_have_attribute("data-pressed", "1")
    await area.press("Control+Enter")
    await expect(root).to_have_attribute("data-pressed", "1")
    await area.press("Meta+Enter")
    await expect(root).to_have_attribute("data-pressed", "2")
    await one.settled()
    await expect(area).to_have_value("a boat\n")


@pytest.mark.parametrize("native", [True, False], ids=["field-sizing", "fallback"])
async def test_the_prompt_grows_with_its_text_up_to_a_limit(stage, native):
    if not native:
        await stage.js("() => { CSS.supports = () => false; }")
        await stage.page.add_style_tag(content="textarea { field-sizing: fixed !important; }")
    one = Form(stage, prompt="")
    root = await one.show()
    area = root.get_by_label("Prompt")
    heights = []
    for lines in (1, 8, 200):
        await area.fill("\n".join(["a boat"] * lines))
        heights.append((await area.bounding_box())["height"])
    assert heights[0] < heights[1] < heights[2] < 400
    await one.settled()


async def test_a_prompt_that_is_too_long_is_marked_by_sign_and_word(stage):
    one = Form(stage, prompt="boat " * 1200)
    root = await one.show()
    await expect(root.locator(".sw-counter")).to_have_text("⚠ 1,200 / 1,000 words advised")
    await expect(root.locator(".sw-problem")).to_contain_text("Warning:")


# ----------------------------------------------------------------------------------------------------------- vocabulary


async def test_a_word_goes_in_at_the_caret_and_out_again(stage):
    one = Form(stage, prompt="a boat at sea, at dawn")
    root = await one.show()
    area, chip = root.get_by_label("Prompt"), root.get_by_role("button", name="push in")
    await expect(chip).to_have_attribute("aria-pressed", "false")
    await area.evaluate("area => { area.focus(); area.setSelectionRange(11, 11); }")
    await chip.click()
    await one.sent({"prompt": "a boat at sea, the camera slowly pushes in, at dawn"})
    await expect(chip).to_have_attribute("aria-pressed", "true")
    await expect(area).to_be_focused()
    await chip.click()
    await one.sent({"prompt": "a boat at sea, at dawn"})
    await expect(chip).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize(
    ("lang", "cases"),
    [
        (
            "en",
            [
                ("|", "TEXT"),
                ("a boat|", "a boat, TEXT"),
                ("a boat |", "a boat, TEXT"),
                ("a boat,|", "a boat, TEXT"),
                ("A boat.|", "A boat. TEXT"),
                ("A boat. |", "A boat. TEXT"),
                ("a boat\n|", "a boat\nTEXT"),
                ("|a boat", "TEXT, a boat"),
                ("a boat| at sea", "a boat, TEXT, at sea"),
                ("a bo|at at sea", "a boat, TEXT, at sea"),
                ("a boat|.", "a boat, TEXT."),
                ("a boat (100% + $5)|", "a boat (100% + $5), TEXT"),
                ("一艘船|", "一艘船, TEXT"),
            ],
        ),
        (
            "zh",
            [
                ("|", "TEXT"),
                ("一艘船|", "一艘船，TEXT"),
                ("一艘船，|", "一艘船，TEXT"),
                ("一艘船。|", "一艘船。TEXT"),
                ("|一艘船", "TEXT，一艘船"),
                ("一艘|船", "一艘，TEXT，船"),
            ],
        ),
    ],
    ids=["en", "zh"],
)
async def test_a_word_joins_the_sentence_and_leaves_its_words_whole(stage, lang, cases):
    one = Form(stage, lang=lang)
    root = await one.show()
    area, chip = root.locator("textarea"), root.locator(".sw-chip").first
    text = await chip.get_attribute("title")
    for given, wanted in cases:
        await area.fill(given.replace("|", ""))
        await area.evaluate("(area, at) => { area.setSelectionRange(at, at); area.blur(); }", given.index("|"))
        await chip.click()
        await expect(area).to_have_value(wanted.replace("TEXT", text))
        await one.sent({"prompt": wanted.replace("TEXT", text)})
        await chip.click()
        left = await area.input_value()
        assert "".join(re.findall(r"\w+", left)) == "".join(re.findall(r"\w+", given)), given
        assert not re.search(r"^[,\s]|[,\uff0c]\s*[,.\uff0c]", left), left
        await one.settled()


async def test_a_word_that_the_prompt_holds_already_is_pressed_whatever_its_case(stage):
    one = Form(stage, prompt="The Camera Pans Left. orbiting time-lapses")
    root = await one.show()
    for name, pressed in (("pan left", "true"), ("time-lapse", "false"), ("push in", "false")):
        await expect(root.get_by_role("button", name=name)).to_have_attribute("aria-pressed", pressed)


async def test_words_are_pressed_by_keyboard_and_the_rest_unfolds(stage):
    one = Form(stage, prompt="a boat")
    root = await one.show()
    chips = root.get_by_role("group", name="Words for motion and camera").get_by_role("button")
    await expect(chips.filter(visible=True)).to_have_count(7)
    more = root.get_by_role("button", name="more…")
    await expect(more).to_have_attribute("aria-expanded", "false")
    await more.press("Enter")
    assert await chips.filter(visible=True).count() >= 20
    rack = root.get_by_role("button", name="rack focus")
    await rack.press("Space")
    await one.sent({"prompt": "a boat, rack focus from the foreground to the background"})
    await expect(rack).to_be_focused()
    await root.get_by_role("button", name="fewer").press("Enter")
    await expect(rack, "what is in the prompt stays in sight").to_be_visible()
    await expect(chips.filter(visible=True)).to_have_count(8)


async def test_a_word_that_was_put_in_can_be_undone_like_typing(stage):
    one = Form(stage, prompt="")
    root = await one.show()
    area = root.get_by_label("Prompt")
    await area.press_sequentially("a boat")
    await root.get_by_role("button", name="orbit").click()
    await expect(area).to_have_value("a boat, the camera orbits the subject")
    await area.press("Control+z")
    await expect(area).to_have_value("a boat")
    await one.sent({"prompt": "a boat"})


# ------------------------------------------------------------------------------------------------------------- problems


async def test_who_is_on_a_fix_stays_on_it_while_the_problem_is_there(stage):
    one = Form(stage, frames=100, resolution="4k", ratio="5:5")
    root = await one.show()
    fix = root.get_by_role("button", name="101")
    await fix.focus()
    element = await fix.element_handle()
    one.change(resolution="720p")  # another problem goes, so that this one has another number
    await expect(root.locator(".sw-problem")).to_have_count(2)
    await expect(fix).to_be_focused()
    assert await element.evaluate("button => button.isConnected")
    await fix.press("Enter")
    await stage.until(lambda: one.shown.model.of("fix") == [{"revision": 2, "problem": 1, "choice": 0}])
    await expect(root.get_by_role("textbox", name="Length in frames")).to_have_value("101")


async def test_a_fix_that_python_refuses_tells_why(stage):
    one = Form(stage, frames=100)
    root = await one.show()
    one.revision = 9  # it has changed, and the page does not know yet
    await root.get_by_role("button", name="97").click()
    await expect(root.locator(".sw-problem")).to_contain_text("the form has changed since")
    one.draw()
    await expect(root.get_by_text("the form has changed since")).to_be_hidden()


async def test_quiet_problems_are_not_shown_and_keep_their_number(stage):
    one = Form(stage, frames=100)
    root = await one.show()
    known = one.view()["problems"]
    quiet = {"field": "prompt", "severity": "error", "message": "say something", "fixes": [], "quiet": True}
    one.draw(problems=[quiet, *known])
    await expect(root.get_by_label("Prompt")).not_to_have_attribute("aria-invalid", "true")
    await expect(root.get_by_text("say something")).to_have_count(0)
    stage.expects("fix")
    await root.get_by_role("button", name="97").click()
    await stage.until(lambda: one.shown.model.of("fix"))
    assert one.shown.model.of("fix")[0]["problem"] == 1


async def test_a_warning_does_not_make_a_value_invalid(stage, png):
    one = Form(stage, mode="first_frame", first_frame_url=png, ratio="9:16")
    root = await one.show()
    problem = root.locator(".sw-problem")
    await expect(problem).to_contain_text("Warning: 9:16 cuts")
    await expect(root.get_by_role("radiogroup", name="Ratio")).not_to_have_attribute("aria-invalid", "true")
    await problem.get_by_role("button").first.click()
    await expect(problem).to_have_count(0)


async def test_everything_has_a_name_and_every_description_is_there(stage):
    one = Form(stage, frames=100, resolution="4k", seed="x", callback_url="x", camera_fixed=3, service_tier="x")
    root = await one.show()
    wanting = await root.evaluate(
        """root => {
          const controls = [...root.querySelectorAll("input, textarea, select, button")];
          const nameless = controls.filter((one) => ![...(one.labels ?? [])].some((label) => label.textContent.trim())
            && !one.getAttribute("aria-label") && !one.textContent.trim());
          const ids = [...root.querySelectorAll("[aria-describedby]")]
            .flatMap((one) => one.getAttribute("aria-describedby").split(" "));
          const all = [...root.querySelectorAll("[id]")].map((one) => one.id);
          const missing = ids.filter((id) => !document.getElementById(id));
          return [...nameless.map((one) => one.outerHTML), ...missing, ...all.filter((id, i) => all.indexOf(id) !== i)];
        }"""
    )
    assert wanting == []
    fields = set(one.view()["values"]) - {"model"}
    assert {await one_.get_attribute("data-field") for one_ in await root.locator("[data-field]").all()} == fields
    invalid = await root.locator("[aria-invalid=true]").count()
    assert invalid == 6


async def test_text_from_elsewhere_is_text(stage):
    one = Form(stage, prompt=HOSTILE, resolution=HOSTILE, seed=HOSTILE, callback_url=HOSTILE, service_tier=HOSTILE)
    root = await one.show()
    one.draw(
        advanced=HOSTILE,
        prompt={"count": HOSTILE, "over": True},
        problems=[
            {"field": field, "severity": "error", "message": HOSTILE, "fixes": [HOSTILE]}
            for field in one.view()["values"]
        ],
    )
    await expect(root.locator(".sw-problem").first).to_contain_text(HOSTILE)
    await expect(root.get_by_role("button", name=HOSTILE).first).to_be_visible()
    await expect(root.locator("summary")).to_contain_text(HOSTILE)
    assert await root.locator("img, script, .sw-problem b b").count() == 0
    assert await stage.page.title() == "stage"


# ------------------------------------------------------------------------------------------------------- words and room


async def test_the_form_speaks_chinese(stage):
    one = Form(stage, lang="zh", prompt="一艘船", frames=100)
    root = await one.show()
    await expect(root.get_by_label("提示词")).to_have_value("一艘船")
    await expect(root.get_by_role("radiogroup", name="分辨率")).to_be_visible()
    await expect(root.get_by_role("radiogroup", name="宽高比")).to_be_visible()
    await expect(root.locator(".sw-problem")).to_contain_text("错误： frames 必须是")
    await root.get_by_role("button", name="推近").click()
    await one.sent({"prompt": "一艘船，镜头缓缓推近"})
    await root.get_by_text("高级设置").click()
    await expect(root.get_by_label("随机种子")).to_be_visible()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [520, 320])
async def test_everything_finds_room_in_a_narrow_output(stage, lang, width):
    await stage.width(width)
    one = Form(stage, lang=lang, frames=100, seed="x" * 60, ratio="5:5", prompt="a" * 300)
    root = await one.show()
    await root.get_by_role("button", name="…").click()
    await expect(root.get_by_role("textbox").nth(2)).to_be_visible()
    beyond = await root.evaluate(
        """root => {
          const edge = root.getBoundingClientRect().right + 1;
          const shown = [...root.querySelectorAll("*:not(.sw-hidden-text)")];
          return shown.filter((one) => one.getBoundingClientRect().right > edge).map((one) => one.outerHTML);
        }"""
    )
    assert beyond == []
    if lang == "en":
        await stage.screenshot(f"fields-{width}")


async def test_what_was_let_go_is_gone(stage):
    one = Form(stage)
    root = await one.show()
    await stage.js("() => mounted.fields.dispose()")
    await expect(root.locator("*")).to_have_count(0)
