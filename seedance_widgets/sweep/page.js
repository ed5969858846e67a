const videos = [...document.querySelectorAll("video")];
const [play, seek, time, loop] = ["play", "seek", "time", "loop"].map((id) => document.getElementById(id));
let playing = false;
const length = () => Math.max(0, ...videos.map((video) => video.duration || 0));
const longest = () => videos.reduce((most, video) => ((video.duration || 0) > (most.duration || 0) ? video : most), videos[0]);
function go(seconds) {
  for (const video of videos) video.currentTime = Math.min(seconds, video.duration || 0);
}
function set(now) {
  playing = now && videos.length > 0;
  play.textContent = playing ? "Pause all" : "Play all";
  for (const video of videos) {
    if (!playing) video.pause();
    else if (video.currentTime < video.duration) video.play().catch(() => {});
  }
}
function tick() {
  if (videos.length) {
    seek.max = String(length());
    const leader = longest();
    if (playing) seek.value = String(leader.currentTime);
    time.textContent = `${Number(seek.value).toFixed(2)} s`;
    if (playing && leader.ended) {
      if (loop.checked) {
        go(0);
        set(true);
      } else set(false);
    }
  }
  requestAnimationFrame(tick);
}
play.addEventListener("click", () => set(!playing));
seek.addEventListener("input", () => {
  set(false);
  go(Number(seek.value));
});
tick();
