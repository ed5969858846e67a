/** Player as a surface of its own. */

import { onChange, surfaceRoot, translator } from "./dom.js";
import { createMedia } from "./media.js";
import { createPlayer } from "./player.js";
import { createRpc } from "./rpc.js";

function render({ model, el, strings }) {
  const rpc = createRpc(model);
  const media = createMedia(rpc);
  const root = surfaceRoot(model, "player-surface");
  const player = createPlayer({ rpc, t: translator(model, strings), media });
  root.append(player.element);
  el.append(root);
  const draw = () => player.show(model.get("videos")[0], model.get("videos")[1] ?? null);
  const stop = onChange(model, ["videos"], draw);
  draw();
  return () => {
    stop();
    player.dispose();
    media.dispose();
    rpc.dispose();
    root.remove();
  };
}

export default { render };
