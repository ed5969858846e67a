"""The stage itself: what the other tests of this folder lean on."""

import traitlets
from playwright.async_api import expect

from seedance_widgets.widgets.surface import Answer, Surface


class Desk(Surface):
    entry = "dom.js"
    sections = ("common",)
    count = traitlets.Int().tag(sync=True)
    # A surface in few words; the assets hold no such small one.
    SOURCE = """
    export default {
      render({ model, el }) {
        const count = document.createElement("output");
        const button = document.createElement("button");
        const draw = () => { count.textContent = model.get("count"); };
        const taken = (message) => { count.dataset.answer = message.value; };
        button.textContent = "add";
        button.onclick = () => model.send({ type: "add", by: 2, call: "v:1" });
        model.on("change:count", draw);
        model.on("msg:custom", taken);
        draw();
        el.append(count, button);
        return () => { model.off("change:count", draw); model.off("msg:custom", taken); };
      },
    };
    """

    def answer_add(self, by):
        self.count += by
        return self.count


async def test_a_module_asks_and_is_answered_with_bytes_both_ways(stage):
    def turn(word, buffers):
        return Answer({"word": word.upper()}, [bytes(part)[::-1] for part in buffers])

    view = await stage.mount(
        """
        const { value, buffers } = await rpc.call("turn", { word: "abc" }, [new Uint8Array([1, 2, 3]).buffer]);
        root.append(value.word, " ", new Uint8Array(buffers[0].buffer).join());
        """,
        answers={"turn": turn},
    )
    await expect(view.root).to_have_text("ABC 3,2,1")
    assert view.model.of("turn") == [{"word": "abc"}]


async def test_what_an_answer_raises_rejects_the_call(stage):
    def refuse():
        raise ValueError("not today")

    view = await stage.mount(
        'await rpc.call("refuse").catch((error) => root.append(error.message));', answers={"refuse": refuse}
    )
    await expect(view.root).to_have_text("not today")


async def test_a_trait_that_changes_is_told(stage):
    view = await stage.mount(
        'model.on("change:count", () => root.replaceChildren(String(model.get("count"))));', {"count": 1}
    )
    view.model.update(count=7)
    await expect(view.root).to_have_text("7")


async def test_words_come_from_the_table_in_the_language_asked_for(stage):
    view = await stage.mount('root.append(t("studio.generate"));', lang="zh")
    await expect(view.root).to_have_text("生成")


async def test_setting_a_trait_throws(stage):
    view = await stage.mount('try { model.set("a", 1) } catch (error) { root.append(error.message) }')
    await expect(view.root).to_contain_text("never sets traits")


async def test_errors_of_the_page_and_questions_without_an_answer_are_trouble(stage):
    await stage.mount('setTimeout(() => { throw new Error("thrown"); }); console.error("printed"); rpc.call("what");')
    await stage.until(lambda: len(stage.trouble) == 3)
    assert len(stage.unexpected()) == 3
    for pattern in ("page error: Error: thrown", "console: printed", "no answer for 'what'"):
        stage.expects(pattern)
    assert stage.unexpected() == []


async def test_a_message_that_a_jupyter_server_would_drop_is_trouble(stage):
    await stage.mount('rpc.call("big", {}, [new ArrayBuffer(11 << 20)]);', answers={"big": lambda buffers: None})
    await stage.until(lambda: stage.trouble)
    stage.expects("drops it silently")


async def test_a_widget_is_shown_by_its_own_module_and_answers_itself(stage):
    desk = Desk()
    desk._esm = Desk.SOURCE
    view = await stage.surface(desk)
    await view.root.get_by_role("button", name="add").click()
    output = view.root.locator("output")
    await expect(output).to_have_text("2")
    await expect(output).to_have_attribute("data-answer", "2")
    second = await view.again()
    desk.count = 40
    await expect(second.root.locator("output")).to_have_text("40")
    await expect(output).to_have_text("40")
    await second.dispose()
    await view.dispose()
    assert await stage.js("id => stage.model(id).then((model) => model.listening)", view.model.id) == 0


async def test_the_theme_is_jupyterlabs_own(stage):
    await stage.mount("root.append('themed');")
    colours = set()
    for theme in ("light", "dark"):
        await stage.theme(theme)
        colours.add(await stage.js("() => getComputedStyle(document.querySelector('.seedance')).backgroundColor"))
    assert colours == {"rgb(255, 255, 255)", "rgb(33, 33, 33)"}
