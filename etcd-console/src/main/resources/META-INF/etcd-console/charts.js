// Pictures, each with its meaning in words.
import { svg } from './lit.js';
import { count, cut } from './text.js';

const WINDOW = 10 * 60_000;

/** How many instances of a service were up during the last ten minutes. */
export function sparkline(service, now, width = 120, height = 24) {
	const events = service.events.filter((event) => event.up !== 0 && event.time > now - WINDOW);
	let up = service.summary.UP;
	const points = [[now, up]];
	for (let i = events.length - 1; i >= 0; i--) {
		points.push([events[i].time, up]);
		up -= events[i].up;
		points.push([events[i].time, up]);
	}
	points.push([now - WINDOW, up]);
	const most = Math.max(1, ...points.map(([, value]) => value));
	const line = points.reverse()
		.map(([time, value]) => `${((time - now + WINDOW) / WINDOW * width).toFixed(1)},${(height - 2 - value / most * (height - 4)).toFixed(1)}`)
		.join(' ');
	const lowest = Math.min(...points.map(([, value]) => value));
	const text = lowest === most || events.length === 0 ? `${points[points.length - 1][1]} up for ten minutes`
		: `between ${lowest} and ${most} up within ten minutes`;
	return svg`<svg class="sparkline" role="img" aria-label=${text} viewBox="0 0 ${width} ${height}" width=${width} height=${height}>
		<polyline class="area" points="0,${height} ${line} ${width},${height}"></polyline>
		<polyline class="line" points=${line}></polyline>
	</svg>`;
}

/** How much of something there is. */
export function gauge(share, bad, width = 56) {
	return svg`<svg class="gauge ${bad ? 'bad' : ''}" aria-hidden="true" viewBox="0 0 ${width} 6" width=${width} height="6">
		<rect class="whole" width=${width} height="6" rx="3"></rect>
		<rect class="part" width=${Math.max(2, Math.min(1, share) * width)} height="6" rx="3"></rect>
	</svg>`;
}

/** The share of each status among the instances of a service. */
export function bar(summary, width = 120) {
	let x = 0;
	const parts = ['UP', 'STARTING', 'OUT_OF_SERVICE', 'UNKNOWN', 'DOWN'].filter((status) => summary[status] > 0).map((status) => {
		const part = { status, x, width: summary[status] / summary.total * width };
		x += part.width;
		return part;
	});
	return svg`<svg class="bar" aria-hidden="true" viewBox="0 0 ${width} 8" width=${width} height="8" preserveAspectRatio="none">
		${parts.map((part) => svg`<rect class="fill-${part.status}" x=${part.x} width=${Math.max(1, part.width - 1)} height="8" rx="2"></rect>`)}
	</svg>`;
}

/** The changes of the last minutes, a column for each five seconds. */
export function strip(events, now, minutes = 5) {
	const step = 5000;
	const columns = minutes * 60_000 / step;
	const end = Math.ceil(now / step) * step;
	const counts = Array.from({ length: columns }, () => ({ good: 0, other: 0, bad: 0 }));
	let total = 0;
	for (let i = events.length - 1; i >= 0; i--) {
		const column = columns - 1 - Math.floor((end - events[i].time) / step);
		if (column < 0) {
			break;
		}
		const kind = events[i].kind;
		counts[Math.min(column, columns - 1)][kind === 'CAME' ? 'good' : kind === 'VANISHED' || kind === 'HELD' ? 'bad' : 'other']++;
		total++;
	}
	const most = Math.max(4, ...counts.map((each) => each.good + each.other + each.bad));
	const height = 96;
	const width = columns * 12;
	return svg`<svg class="strip" role="img" aria-label="${count(total, 'change')} within ${minutes} minutes" viewBox="0 0 ${width} ${height + 18}" preserveAspectRatio="none">
		<line class="axis" x1="0" x2=${width} y1=${height + 0.5} y2=${height + 0.5}></line>
		${counts.map((each, column) => {
			let y = height;
			return ['other', 'good', 'bad'].filter((part) => each[part] > 0).map((part) => {
				const size = Math.max(2, each[part] / most * (height - 8));
				y -= size;
				return svg`<rect class="part-${part}" x=${column * 12 + 1} y=${y} width="10" height=${Math.max(1, size - 1)} rx="2"></rect>`;
			});
		})}
	</svg>`;
}

/** Who calls whom: applications on the left, the services that they call on the right. */
export function graph(callers, services, registered, link) {
	const step = 30;
	const width = 720;
	const height = Math.max(callers.length, services.length) * step + 8;
	const place = (list, name) => new Map(list.map((each, index) => [name(each), (index + 0.5) * height / list.length]));
	const left = place(callers, (caller) => caller.application);
	const right = place(services, (service) => service.name);
	const label = (name) => cut(name, 30);
	return svg`<svg class="graph" role="group" aria-label="Lines from applications to the services that they call" viewBox="0 0 ${width} ${height}" width=${width} height=${height}>
		${callers.flatMap((caller) => Object.keys(caller.calls).map((name) => svg`<path class="edge ${registered(name) ? '' : 'missing'}" d="M230 ${left.get(caller.application)} C 330 ${left.get(caller.application)}, 390 ${right.get(name)}, 490 ${right.get(name)}"></path>`))}
		${callers.map(({ application }) => svg`<a href=${link('services', application)}><circle class="node" cx="230" cy=${left.get(application)} r="4"></circle><text x="218" y=${left.get(application) + 5} text-anchor="end">${label(application)}</text></a>`)}
		${services.map(({ name }) => svg`<a href=${link('services', name)}><circle class="node ${registered(name) ? '' : 'missing'}" cx="490" cy=${right.get(name)} r="4"></circle><text x="502" y=${right.get(name) + 5}>${label(name)}${registered(name) ? '' : ' ?'}</text></a>`)}
	</svg>`;
}
