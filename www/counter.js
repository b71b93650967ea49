// Follows /cgi-bin/counter.sh on the page. Without this file the link opens the plain stream.
const link = document.querySelector("#count");
const ticks = document.querySelector("#ticks");

link.addEventListener("click", (event) => {
  event.preventDefault();
  if (link.dataset.running) return;
  link.dataset.running = "yes";
  ticks.textContent = "";

  const events = new EventSource(link.href);
  const stop = () => {
    events.close();
    delete link.dataset.running;
  };
  events.onmessage = (message) => (ticks.textContent += " " + message.lastEventId);
  events.addEventListener("done", stop);
  events.onerror = () => {
    stop();
    ticks.textContent += " (the stream broke off)";
  };
});
