"""The assets as anywidget wants them: one module text per surface, made of the plain ES modules in `assets/`.

There is no build step: the modules are what runs, and a browser can import them as they are. A surface must reach the
browser in one small message, so that its modules, styles and words travel without comments, gzipped, inside a loader,
which hands each module to the browser under its own name and with its own scope.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import string
from functools import cache
from importlib.resources import files

from seedance_widgets.widgets.strings import strings_of

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase + "!#$%&()*+-;<=>?@^_`{|}~"  # RFC 1924
_COMMENT = re.compile(r"^[ \t]*/\*.*?\*/[ \t]*\n", re.DOTALL | re.MULTILINE)
_IMPORT = re.compile(r"""(?:from|import)\s+["']\./([\w-]+\.js)["']""")

# A remark at the end of a line: from the slashes on no quote follows, so that it stands in no text.
_REMARK = re.compile(r"[ \t]+// [^\"'`\n]*$")

# Modules are kept by content in the page: ten cards load their code once. `import()` of a blob is what anywidget itself
# does with a module text, so that it works wherever anywidget works. Each sheet comes to the page once: the common one,
# come again with another surface, would overrule those that build on it.
_LOADER = """\
const id = "__ID__", size = __SIZE__, packed = "__PACKED__";
const kept = (globalThis[Symbol.for("seedance_widgets")] ??= new Map());
function unpack() {
  const digit = Object.fromEntries([..."__DIGITS__"].map((sign, value) => [sign, value]));
  const words = new DataView(new ArrayBuffer((packed.length / 5) * 4));
  for (let i = 0; i < packed.length; i += 5) {
    let word = 0;
    for (let k = i; k < i + 5; k += 1) word = word * 85 + digit[packed[k]];
    words.setUint32((i / 5) * 4, word);
  }
  return new Uint8Array(words.buffer, 0, size);
}
async function load() {
  const bytes = unpack();
  const text = new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  const { modules, css, strings } = JSON.parse(await text);
  const urls = {};
  let last;
  for (const [name, source] of modules) {
    const linked = source.replace(
      /((?:from|import)\\s+)["']\\.\\/([\\w-]+\\.js)["']/g,
      (_, word, other) => word + JSON.stringify(urls[other]),
    );
    const code = linked + "\\n//# sourceURL=seedance_widgets/" + name;
    last = urls[name] = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  }
  const { default: surface } = await import(last);
  Object.values(urls).forEach((url) => URL.revokeObjectURL(url));
  return { surface, css, strings };
}
if (!kept.has(id)) kept.set(id, load());
export default {
  async render({ model, el }) {
    const { surface, css, strings } = await kept.get(id);
    const root = el.getRootNode();
    const home = root instanceof ShadowRoot ? root : document.head;
    for (const [name, text] of css) {
      if (home.querySelector(`style[data-seedance="${name}"]`)) continue;
      const style = document.createElement("style");
      style.dataset.seedance = name;
      style.textContent = text;
      home.append(style);
    }
    return surface.render({ model, el, strings });
  },
};
"""


@cache
def module_of(entry: str, styles: tuple[str, ...], lang: str, sections: tuple[str, ...]) -> str:
    """The module text of a surface.

    Args:
        entry: The surface's own module in `assets/`, such as `studio.js`; its default export has `render`.
        styles: Style sheets in `assets/`, in their order.
        lang: `en` or `zh`.
        sections: Of the table of strings.

    Returns:
        An ES module whose default export has `render`, for `AnyWidget._esm`.
    """
    content = {
        "modules": [(name, _bare(source(name))) for name in modules_of(entry)],
        "css": [(_named(name), _bare(source(name))) for name in styles],
        "strings": strings_of(lang, sections),
    }
    packed = gzip.compress(json.dumps(content, ensure_ascii=False).encode(), mtime=0)
    identity = hashlib.sha256(packed).hexdigest()[:16]
    # Five signs for four bytes, where base64 takes five and a third; none of them needs a backslash in JSON.
    blanks = {
        "__ID__": identity,
        "__SIZE__": str(len(packed)),
        "__DIGITS__": _DIGITS,
        "__PACKED__": base64.b85encode(packed, pad=True).decode("ascii"),
    }
    text = _LOADER
    for blank, filling in blanks.items():
        text = text.replace(blank, filling)
    return text


def modules_of(entry: str) -> list[str]:
    """The modules that `entry` needs, each after those that it imports; `entry` is the last."""
    order: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise ImportError(f"the modules of {entry} import each other in a circle: {' > '.join([*above, name])}.")
        for other in _IMPORT.findall(source(name)):
            if other not in order:
                visit(other, (*above, name))
        order.append(name)

    visit(entry, ())
    return order


def _named(style: str) -> str:
    """A name for a style sheet as it is now; a page may outlive a kernel with an older one."""
    return f"{style}-{hashlib.sha256(source(style).encode()).hexdigest()[:8]}"


def _bare(text: str) -> str:
    """A module or a style sheet without what only its readers need: comments, and indentation."""
    lines = (_REMARK.sub("", line).strip() for line in _COMMENT.sub("", text).splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


@cache
def source(name: str) -> str:
    """The text of one asset."""
    return files(__package__).joinpath("assets", name).read_text("utf-8")
