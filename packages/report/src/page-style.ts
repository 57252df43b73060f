/** Style of the page around the charts: one column of text, figures as wide as they need, light, dark and paper. */

export const pageStyle = `*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;background:var(--paper)}
body{margin:0;color:var(--ink);background:var(--paper);font:16px/1.55 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;counter-reset:figure;overflow-wrap:anywhere}
main{max-width:1080px;margin:0 auto;padding:56px 28px 72px}
h1,h2,.result{font-family:"Iowan Old Style","Palatino Linotype",Palatino,"Book Antiqua",Georgia,"Liberation Serif",serif}
h1{font-size:clamp(30px,5vw,46px);line-height:1.12;font-weight:600;letter-spacing:-.012em;margin:0 0 8px;max-width:22em}
.subtitle{color:var(--soft);font-size:18px;margin:0 0 22px;max-width:44em}
.result{font-size:clamp(18px,2.2vw,21.5px);line-height:1.5;margin:22px 0 30px;max-width:39em}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,220px),1fr));gap:0 28px;margin:0}
.tiles>div{border-top:1px solid var(--rule);padding:10px 0 16px;min-width:0}
.tiles dt{font-size:13px;color:var(--soft)}.tiles dd{margin:2px 0 0}
.value{display:block;font-size:30px;line-height:1.2;font-weight:600;letter-spacing:-.015em;font-variant-numeric:tabular-nums}
.detail{display:block;white-space:pre-wrap;font-size:12.5px;color:var(--soft);font-variant-numeric:tabular-nums}
.note{font-size:13px;color:var(--soft);margin:10px 0}
section{margin-top:60px}
h2{font-size:27px;line-height:1.2;font-weight:600;letter-spacing:-.005em;margin:0 0 8px}
.lead{margin:0 0 24px;max-width:42em;color:var(--soft)}
figure{margin:0}.panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:32px 44px;align-items:start}
.chart{display:block;width:100%;max-width:580px;height:auto;overflow:visible}
figcaption{counter-increment:figure;margin-top:16px;padding-top:10px;border-top:1px solid var(--rule);font-size:13.5px;line-height:1.5;color:var(--soft);max-width:62em}
figcaption::before{content:"Figure " counter(figure) ". ";font-weight:600;color:var(--ink)}
.key{font-weight:600}
code{font:.9em ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
.hit:hover{fill:var(--ink);fill-opacity:.05}.cell:hover{stroke:var(--ink);stroke-width:1}
.examples{display:flex;flex-wrap:wrap;gap:6px 8px}
.examples>input{position:absolute;opacity:0;pointer-events:none}
.examples>label{cursor:pointer;font-size:13.5px;padding:5px 12px;border:1px solid var(--rule);border-radius:16px;color:var(--soft)}
.examples>label:hover{border-color:var(--faint)}
.examples>input:checked+label{border-color:var(--ink);color:var(--ink);background:var(--wash)}
.examples>input:focus-visible+label{outline:2px solid var(--refusal);outline-offset:2px}
.trace{display:none;flex:0 0 100%;min-width:0;margin-top:12px}
.facts{display:flex;flex-wrap:wrap;gap:2px 18px;margin:0 0 10px;font-size:13.5px;color:var(--soft)}.facts span b{color:var(--ink)}
.spark{display:block;width:100%;height:64px;margin:0 0 14px;border-bottom:1px solid var(--rule)}
.region{display:grid;grid-template-columns:92px 1fr;gap:0 16px;padding:8px 0;border-top:1px solid var(--rule)}
.region:first-of-type{border-top:0}
.region h3{font-size:13px;font-weight:600;margin:3px 0 0;color:var(--ink)}.region h3 small{display:block;font-weight:400;color:var(--faint)}.region h3 small::after{content:" tokens"}
.tokens{margin:0;font:14px/1.95 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;min-width:0}
.tokens i,.scale i{font-style:normal;padding:2px 1px;border-radius:2px;background:color-mix(in srgb,var(--seq) calc(var(--a)*100%),var(--wash));-webkit-print-color-adjust:exact;print-color-adjust:exact}
.tokens i.none{background:none;color:var(--soft)}.tokens i:hover{outline:1.5px solid var(--ink)}.tokens em{color:var(--faint)}
.scale{display:flex;align-items:center;gap:0;font-size:12.5px;color:var(--soft);margin:18px 0 0}.scale i{width:18px;height:12px;padding:0;border-radius:0}.scale span{margin:0 6px}
.definitions{display:grid;grid-template-columns:minmax(120px,170px) 1fr;gap:6px 20px;font-size:14px;max-width:60em;margin:0 0 18px}.definitions dt{font-weight:600}.definitions dd{margin:0;color:var(--soft)}
details{margin:14px 0}summary{cursor:pointer;font-size:14px;font-weight:600}
.wide{overflow-x:auto;margin-top:8px}table{border-collapse:collapse;font-size:13px;width:100%}th,td{text-align:left;vertical-align:top;padding:5px 14px 5px 0;border-bottom:1px solid var(--rule)}th{font-weight:600;color:var(--soft)}.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.digest{white-space:nowrap;color:var(--soft)}.config{margin:2px 0}.config summary{font-weight:400;font-size:12.5px;color:var(--soft)}pre{margin:4px 0;font:12px/1.45 ui-monospace,Menlo,Consolas,"Liberation Mono",monospace;white-space:pre-wrap}pre span{display:block}
#tip{position:fixed;z-index:9;max-width:min(360px,calc(100vw - 16px));padding:6px 10px;border-radius:5px;background:var(--ink);color:var(--paper);font-size:12.5px;line-height:1.4;white-space:pre-line;pointer-events:none;font-variant-numeric:tabular-nums}
@media(max-width:640px){main{padding:32px 16px 48px}section{margin-top:44px}.tiles{grid-template-columns:1fr 1fr;gap:0 18px}.value{font-size:25px}.region{grid-template-columns:1fr}.region h3 small{display:inline;margin-left:8px}.definitions{grid-template-columns:1fr;gap:0}.definitions dd{margin-bottom:8px}.panels{gap:28px}.spark{height:48px}}
@media print{.panels{grid-template-columns:1fr 1fr}main{max-width:none;padding:0}section{margin-top:28px}figure,.tiles>div,.region{break-inside:avoid}h2,.lead{break-after:avoid}.examples>input,.examples>label,#tip{display:none}.trace{display:block;margin-top:20px}body{font-size:11pt}}`;
