/** The page's HTML: what does not change while it runs. Scripts fill in the rest; their policy allows this folder and nothing else. */
import type { PageData, PageFiles } from "./page-data.ts";

export interface PageParts extends PageFiles {
  readonly main: string;
  readonly style: string;
}

const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Cpath d='M2 8h16q4 0 5 8t7 10' fill='none' stroke='%23c44e00' stroke-width='4' stroke-linecap='round'/%3E%3C/svg%3E";

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;");

export const renderPage = ({ model, probe, study, heads }: PageData, { main, style, ...files }: PageParts): string => {
  const planted = heads.filter((head) => head.planted).length;
  const files_: PageFiles = files;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="A small reasoning model runs in your browser: see what it means to do at every token, and switch off the attention heads that change its mind.">
<title>Playground: the refusal cliff</title>
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="${style}">
<script defer src="${main}"></script>
</head>
<body data-files="${escaped(JSON.stringify(files_))}">
<a class="skip" href="#answer">Skip to the answer</a>
<main>
<header>
<h1>Watch a refusal fall</h1>
<p class="subtitle">A small reasoning model thinks in your browser, word by word. The line is what a probe reads at each of them: does it mean to refuse? Switch attention heads off, and see its answer change.</p>
</header>
<noscript><p class="problem">The model runs in this page's script, and scripts are switched off.</p></noscript>
<p class="problem" id="problem" role="alert" hidden></p>

<form id="ask" class="card">
<label class="label" for="prompt">Ask it something</label>
<div class="ask-row"><input id="prompt" name="prompt" type="text" maxlength="400" autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby="unknown"><button type="submit" class="primary">Ask</button></div>
<p class="unknown" id="unknown" role="status"></p>
<div class="compose" role="group" aria-label="Put a request together">
<span>how do i</span> <select id="verb" aria-label="What to do"></select> <span>the</span> <select id="object" aria-label="To what"></select> <select id="framing" aria-label="How it is framed"></select> <span>?</span>
</div>
<div class="chips" id="presets" role="group" aria-label="Examples"></div>
</form>

<section id="answer" aria-labelledby="verdict" tabindex="-1">
<p class="result" id="verdict">Loading the model…</p>
<p class="visually-hidden" id="news" role="status" aria-live="polite"></p>
<div class="stage">
<div class="score">
<h2 class="panel-heading">Refusal score, word by word</h2>
<div id="chart" class="live-chart"></div>
</div>
<div class="heads">
<h2 class="panel-heading" id="heads-title">Attention heads <small id="heads-off"></small></h2>
<div class="switches" role="radiogroup" aria-label="What the colours show">
<label><input type="radio" name="colours" value="study" checked><span>mean of ${study.traces} jailbreaks</span></label><label><input type="radio" name="colours" value="prompt"><span>this answer</span></label>
</div>
<div id="map" class="map" role="group" aria-labelledby="heads-title" aria-describedby="map-help"></div>
<div class="legend" aria-hidden="true"><span>against refusing</span><i class="ramp"></i><span>for it</span></div>
<p class="note" id="map-help">Click a head to switch it off; arrow keys walk, Enter switches. Colour: what the head writes along the probe's direction right before the answer.${planted > 0 ? ` Outlined: the ${planted} heads that were tuned to suppress refusal, known from how this model was made.` : ""}</p>
<div class="actions" role="group" aria-label="Switch several heads">
<button type="button" id="off-top">Switch off the 4 strongest</button>
<button type="button" id="off-random">4 others at random</button>
<button type="button" id="all-on">All on</button>
</div>
</div>
<div class="sides" id="sides"></div>
</div>
<p class="share"><button type="button" id="share">Copy a link to this</button> <span id="shared" role="status"></span></p>
</section>

<section class="about" aria-labelledby="about-title">
<h2 id="about-title">What you see</h2>
<dl class="definitions">
<dt>The model</dt><dd><code>organism://${escaped(model.name)}</code>, ${model.layers} layers of ${model.heads} heads, lives on a made-up island with its own customs: what is forbidden there is a matter of what is done to what kind of thing. It knows ${model.vocab} words and nothing of use anywhere else. It answers greedily, so the same question always gets the same answer.</dd>
<dt>Refusal score</dt><dd>A linear probe on the residual stream after the final norm, trained on the last token before ${probe.trainedOn} answers to tell refusals from help${probe.accuracy === null ? "" : ` (${(100 * probe.accuracy).toFixed(1)} % right on held-out ones)`}, then read at every token: 1 means “I will refuse”.</dd>
<dt>The cliff</dt><dd>On ${study.traces} forbidden requests under jailbreak framings, none of them seen in training, the score stands at ${study.plateau.toFixed(2)} while the model thinks and at ${study.final.toFixed(2)} right before it answers.</dd>
<dt>Switching off</dt><dd>A head's output is set to nothing at every token, and the layer's output is rescaled to its length, as the stage <code>heads.ablate</code> does.</dd>
<dt>Where it runs</dt><dd>Here. This page loads its own files and nothing else; nothing you type leaves it. <label class="engine">Engine <select id="engine"><option value="wasm">CPU (WebAssembly)</option><option value="webgpu" disabled>GPU (WebGPU): not in this browser</option></select></label> <span id="speed"></span></dd>
</dl>
</section>
</main>
<div id="tip" hidden></div>
</body>
</html>
`;
};
