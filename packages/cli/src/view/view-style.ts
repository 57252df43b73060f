/** Style of the viewer's pages: tables that become cards on a narrow screen, light and dark from the report's palette. */

export const viewStyle = `*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;background:var(--paper);scroll-padding-top:60px}
body{margin:0;color:var(--ink);background:var(--paper);font:15px/1.5 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}
main{max-width:1240px;margin:0 auto;padding:28px 28px 72px}main:focus{outline:none}
h1,h2{font-family:"Iowan Old Style","Palatino Linotype",Palatino,"Book Antiqua",Georgia,"Liberation Serif",serif;font-weight:600;letter-spacing:-.005em}
h1{font-size:clamp(26px,4vw,36px);line-height:1.15;margin:0 0 6px}h2{font-size:22px;margin:0 0 10px}h3{font-size:15px;margin:18px 0 6px}
section{margin-top:40px}
a{color:var(--refusal)}
.topbar{position:sticky;top:0;z-index:5;display:flex;gap:4px 20px;align-items:center;justify-content:space-between;padding:9px 28px;background:var(--paper);border-bottom:1px solid var(--rule);font-size:13.5px}
.topbar nav{min-width:0}.topbar ol{display:flex;flex-wrap:wrap;gap:0 6px;list-style:none;margin:0;padding:0}.topbar li{min-width:0;color:var(--soft)}.topbar li+li::before{content:"/";margin-right:6px;color:var(--faint)}
.brand{font-weight:700;color:var(--ink);text-decoration:none}.topbar a:hover{text-decoration:underline}
#live{color:var(--soft);font-size:12.5px;white-space:nowrap}
.note,.quiet{color:var(--soft);font-size:13.5px}.note{margin:0 0 14px;max-width:62em}.quiet{font-size:13px}
code,.mono{font:.92em ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
.skip{position:absolute;left:-999px;top:8px;padding:8px 14px;background:var(--ink);color:var(--paper);border-radius:5px;z-index:10}.skip:focus{left:8px}
:focus-visible{outline:2px solid var(--refusal);outline-offset:2px}
[hidden]{display:none!important}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.state{font-weight:600;white-space:nowrap}.state::before{content:"● ";font-weight:400}
.state.ok::before,.state.done::before{content:"✓ "}.state.cached::before{content:"= "}.state.failed::before,.state.unreadable::before{content:"✗ "}.state.skipped::before,.state.pending::before{content:"· "}.state.killed::before,.state.cut::before,.state.interrupted::before{content:"■ "}.state.waiting::before{content:"… "}.state.blocked::before{content:"– "}
.state.ok,.state.done,.state.running,.state.waiting{color:var(--refusal)}.state.failed,.state.killed,.state.cut,.state.interrupted,.state.unreadable,.state.blocked{color:var(--suppress)}.state.cached,.state.skipped,.state.pending{color:var(--soft)}
button,.button,select,input[type=search]{font:inherit;font-size:13.5px;color:var(--ink);background:var(--paper);border:1px solid var(--faint);border-radius:6px;padding:5px 12px;max-width:100%}
button,.button{cursor:pointer;text-decoration:none;display:inline-block}button:hover,.button:hover{background:var(--wash)}.button.main{background:var(--refusal);border-color:var(--refusal);color:var(--paper);font-weight:600}
.tools{display:flex;flex-wrap:wrap;gap:10px 14px;align-items:end;margin:0 0 14px;font-size:12.5px;color:var(--soft)}.tools label{display:grid;gap:2px;min-width:0}
.tools details{position:relative}.tools summary{cursor:pointer;border:1px solid var(--faint);border-radius:6px;padding:5px 12px;color:var(--ink);font-size:13.5px;list-style-position:inside}
.picker{position:absolute;z-index:4;top:100%;left:0;margin-top:4px;width:min(340px,calc(100vw - 40px));max-height:60vh;overflow:auto;padding:10px 14px;background:var(--paper);border:1px solid var(--faint);border-radius:6px;box-shadow:0 6px 24px rgb(0 0 0/.18)}.picker label{display:flex;gap:8px;align-items:baseline;padding:2px 0;color:var(--ink);font-size:13px}
table{border-collapse:collapse;width:100%;font-size:13.5px}caption{text-align:left}th,td{text-align:left;vertical-align:top;padding:7px 14px 7px 0;border-bottom:1px solid var(--rule)}th{font-weight:600;color:var(--soft);font-size:12.5px;vertical-align:bottom}th{overflow-wrap:normal}th code,tbody th{overflow-wrap:anywhere}td.nowrap,td.nowrap code{white-space:nowrap}tbody th{color:inherit;font-size:inherit;font-weight:400}
.num{text-align:right;font-variant-numeric:tabular-nums}td.num{white-space:nowrap}.nowrap{white-space:nowrap}
tbody tr:hover{background:var(--wash)}td.pick,th.pick{width:34px;padding-left:6px}td.pick input{width:17px;height:17px;margin:2px 0 0}
.ci{display:block;font-size:11.5px;color:var(--soft)}
.wide{overflow-x:auto}.tall{max-height:min(720px,75vh);overflow:auto;border:1px solid var(--rule);border-radius:6px;padding:0 12px}.tall thead th{position:sticky;top:0;background:var(--paper);z-index:1}.wide:focus-visible{outline-offset:-2px}
.facts{display:flex;flex-wrap:wrap;gap:4px 22px;margin:10px 0 0;padding:0;font-size:13.5px;color:var(--soft)}.facts div{display:flex;gap:6px;min-width:0}.facts dt{flex:none}.facts dd{margin:0;color:var(--ink);min-width:0}
.actions{display:flex;flex-wrap:wrap;gap:8px;margin:18px 0 0}
.problem{border-left:3px solid var(--suppress);background:var(--wash);padding:10px 16px;margin:18px 0 0}.problem p{margin:2px 0}
.plot{display:block;width:130px;height:14px;margin-top:3px}.plot .axis{stroke:var(--rule)}
.nodes{list-style:none;margin:0;padding:0;border-top:1px solid var(--rule)}.nodes>li{border-bottom:1px solid var(--rule)}
.nodes summary,.node-head{display:grid;grid-template-columns:minmax(0,1.3fr) minmax(0,1fr) 92px 84px minmax(0,1.9fr) 190px;gap:0 14px;align-items:center;padding:6px 6px 6px 2px;font-size:13.5px}
.nodes summary{cursor:pointer;list-style:none}.nodes summary::-webkit-details-marker{display:none}.nodes summary:hover{background:var(--wash)}.node-head{color:var(--soft);font-size:12.5px;font-weight:600}.node-head>:first-child{padding-left:16px}
.nodes .name{font-weight:600}.nodes .name::before{content:"▸";display:inline-block;width:16px;color:var(--faint);font-weight:400}.nodes details[open]>summary .name::before{content:"▾"}
.nodes .say{color:var(--soft);font-size:12.5px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}details[open]>summary .say{white-space:normal}
.nodes .took,.node-head .took{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.nodes .bar-box{display:block;width:100%;height:12px}.bar-box .ground{fill:var(--shade)}.bar-box .span{fill:var(--refusal)}.bar-box .span.failed,.bar-box .span.interrupted,.bar-box .span.cut{fill:var(--suppress)}.bar-box .span.running{fill:var(--seq)}
.nodes progress{display:block;width:100%;height:6px;margin-top:3px;accent-color:var(--refusal)}
.inside{padding:4px 10px 16px 18px;font-size:13px}.inside dl{display:grid;grid-template-columns:92px minmax(0,1fr);gap:4px 14px;margin:0}.inside dt{color:var(--soft)}.inside dd{margin:0}
:target>details>summary,:target{background:var(--shade)}
pre{margin:0;font:12.5px/1.5 ui-monospace,Menlo,Consolas,"Liberation Mono",monospace;white-space:pre-wrap}pre span{display:block}
.log{max-height:340px;overflow:auto;border:1px solid var(--rule);border-radius:6px;padding:8px 12px;background:var(--wash)}
.lineage{border:1px solid var(--rule);border-radius:6px;padding:14px}.lineage .chart{display:block;margin:2px}.task{fill:var(--wash);stroke:var(--rule)}.lineage a:hover .task,.lineage a:focus-visible .task{stroke:var(--refusal);stroke-width:2}.lineage a:focus-visible{outline:none}.edge{fill:none;stroke:var(--faint);stroke-opacity:.45}.tiny{font-size:9.5px;fill:var(--faint)}
details.more{margin-top:10px}details.more>summary{cursor:pointer;font-weight:600;font-size:13.5px}
.files{columns:3 260px;padding-left:1.2em;margin:0;font-size:13.5px}
.frame{display:block;width:100%;height:100%;border:0;background:var(--paper)}
body.full{display:flex;flex-direction:column;height:100vh;height:100dvh}body.full main{flex:1;min-height:0;width:100%;max-width:none;padding:0}body.full .topbar{position:static}
.again{visibility:hidden}.fit{width:auto;min-width:min(100%,420px)}.added{color:var(--refusal)}.removed{color:var(--suppress)}.apart{font-weight:600}
td.cell-text{max-width:36em;min-width:9em}.cell-text .clip{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:6;overflow:hidden}
@media(max-width:900px){
main{padding:20px 16px 48px}.topbar{padding:8px 16px}section{margin-top:32px}
.cards thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}.cards,.cards tbody,.cards tr,.cards td,.cards th{display:block;width:auto}
.cards tr{position:relative;border:1px solid var(--rule);border-radius:8px;padding:8px 12px;margin:0 0 10px}.cards td,.cards tbody th{border:0;padding:2px 0;text-align:left;display:flex;gap:10px;justify-content:space-between}.cards td:empty,.cards th:empty{display:none}.again{visibility:visible}
.cards td[data-label]::before{content:attr(data-label);color:var(--soft);flex:none}.cards td>*{min-width:0}.cards td.pick{position:absolute;right:12px;top:8px}.cards th[scope=row]{padding-right:34px;font-weight:600}.cards td.num{white-space:normal;text-align:right}
.lines tbody th,.lines td{display:block}.lines tr{border:0;border-bottom:1px solid var(--rule);border-radius:0;padding:6px 0;margin:0;display:flex;flex-wrap:wrap;gap:0 12px;align-items:center}.lines tbody th{flex:1 0 100%}.lines td[data-label]::before{content:none}.lines td[data-label=n]::before{content:"n "}.node-head{display:none}.nodes summary{grid-template-columns:minmax(0,1fr) auto auto;gap:1px 12px;padding:8px 2px}.nodes .stage{grid-column:1;order:2;padding-left:16px}.nodes .say{grid-column:2/-1;order:3;text-align:right;max-width:52vw}.nodes .when{grid-column:1/-1;order:4;padding-left:16px}
.inside{padding-left:16px}.inside dl{grid-template-columns:1fr}.inside dd{margin-bottom:6px}}
@media print{.topbar,.actions,.tools,.skip{display:none!important}}`;
