// What an exchange comes to, made of what the server tells of it.

let complete = false;

// Whether the server can be asked for more than the exchanges.
export function offersMore() {
  return complete;
}

export function completedSummary(of) {
  complete = of.outcome !== undefined;
  if (complete) return of;
  const kind = of.script ? "script" : of.kind;
  return { ...of, outcome: outcomeOf(of), kind, verdict: verdictOf(of) };
}

function outcomeOf({ failed_late, state, status }) {
  if (failed_late) return "answered_then_failed";
  if (state === "open") return status ? "sending" : "waiting";
  if (status === 0) return "client_left";
  return status >= 400 ? "failed" : "answered";
}

function verdictOf({ status, ms, failed_late }) {
  if (!status) return "No answer yet";
  if (ms === null) return `${status}, still sending`;
  return `${status} after ${ms.toFixed(1)} ms${failed_late ? ", then failed" : ""}`;
}

export function completed(of) {
  if (of.outcome) return of;
  const { lines } = of.stderr;
  const stderr = { head: lines.slice(0, 50), tail: lines.slice(50), lines: lines.length };
  return { ...completedSummary(of), stderr, why: whyOf(of) };
}

function whyOf({ error, remarks, stderr }) {
  const last = stderr.lines.slice(-10);
  const failed = remarks.find((remark) => remark.failed);
  if (error) {
    const { status, explanation, detail, reason, command } = error;
    const title = `Why ${status}`;
    return { title, sentence: explanation, reason, detail, command, output: null, stderr: last };
  }
  if (!failed) return null;
  const title = "It answered, then failed";
  const rest = { detail: "", command: "", output: null, stderr: last };
  return { title, sentence: failed.text, reason: failed.reason, ...rest };
}
