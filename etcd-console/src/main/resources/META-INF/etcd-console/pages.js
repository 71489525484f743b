// The pages. Each is a function of the store, drawn anew when something has changed.
import { LitElement, html, nothing, repeat, live } from './lit.js';
import { bar, gauge, graph, sparkline, strip } from './charts.js';
import { KINDS, STATUSES, bytes, count, cut, duration, local, number, show, time } from './text.js';
import { change, store, view } from './store.js';
import './lists.js';

/** The address of a page. */
export function link(...segments) {
	return '#/' + segments.map(encodeURIComponent).join('/');
}

/** A page that draws itself anew with each change. */
class Page extends LitElement {

	static properties = { route: { attribute: false } };

	createRenderRoot() {
		return this;
	}

	connectedCallback() {
		super.connectedCallback();
		this.changed = () => this.requestUpdate();
		store.addEventListener('change', this.changed);
	}

	disconnectedCallback() {
		super.disconnectedCallback();
		store.removeEventListener('change', this.changed);
	}

}

/** A page of which a part comes from a view of its own, asked for every second or two. */
class AskingPage extends Page {

	static interval = 1000;

	/** What to ask with, or nothing if there is nothing to ask now. */
	get parameters() {
		return {};
	}

	connectedCallback() {
		super.connectedCallback();
		this.ask();
	}

	disconnectedCallback() {
		super.disconnectedCallback();
		clearTimeout(this.timer);
		this.asked = null;
	}

	/** Asks now, and takes no notice of an answer that is still to come. */
	async ask() {
		clearTimeout(this.timer);
		const asked = this.asked = {};
		const { parameters } = this;
		let answer;
		let failure = null;
		try {
			answer = parameters && await view(this.constructor.view, parameters);
		}
		catch (refused) {
			failure = refused.message;
		}
		if (this.asked !== asked) {
			return;
		}
		if (answer) {
			this.answer = this.merged(answer);
		}
		this.failure = failure;
		this.timer = setTimeout(() => this.ask(), document.hidden ? 5000 : this.constructor.interval);
		this.requestUpdate();
	}

	/** What is shown after an answer. */
	merged(answer) {
		return answer;
	}

	refused() {
		return this.failure ? html`<p class="failure" role="alert">${this.failure}.</p>` : nothing;
	}

}

function status(instance) {
	const { label, mark } = STATUSES[instance.status] ?? STATUSES.UNKNOWN;
	return html`<span class="status status-${instance.status}"><span class="mark" aria-hidden="true">${mark}</span>${label}</span>${instance.held
		? html` <span class="status status-HELD" title="Its key is gone from etcd; this application serves it on"><span class="mark" aria-hidden="true">!</span>held</span>` : nothing}`;
}

function counts(summary) {
	return Object.entries(STATUSES)
		.filter(([name]) => summary[name] > 0)
		.map(([name, { label, mark }]) => html`<span class="count status-${name}"><span class="mark" aria-hidden="true">${mark}</span>${number(summary[name])} ${label}</span>`)
		.concat(summary.held > 0 ? [html`<span class="count status-HELD"><span class="mark" aria-hidden="true">!</span>${number(summary.held)} held</span>`] : []);
}

/** What an operator has decided. */
function decision({ status, weight }) {
	return [...status ? [STATUSES[status]?.label ?? status] : [], ...weight !== undefined ? [`weight ${number(weight)}`] : []].join(', ');
}

/** When an operator has decided it, and until when it counts. */
function term({ at, until }) {
	return `${at ? `since ${time(at)}, ` : ''}until ${time(until)}, ${duration(until - store.now())} from now`;
}

function several(values) {
	const sorted = [...values].sort();
	return sorted.length > 3 ? `${sorted.slice(0, 2).map((value) => cut(value, 24)).join(', ')} and ${sorted.length - 2} more`
		: sorted.map((value) => cut(value, 24)).join(', ');
}

function timeline(events, withService) {
	if (events.length === 0) {
		return html`<p class="empty">Nothing has changed since this application began to look.</p>`;
	}
	return html`<ol class="timeline">
		${repeat(events, (event) => event.number, (event) => html`<li class="event kind-${event.kind}">
			<time datetime=${new Date(event.time).toISOString()} title=${new Date(event.time).toLocaleString()}>${time(event.time)}</time>
			<span class="kind"><span class="mark" aria-hidden="true">${KINDS[event.kind].mark}</span>${KINDS[event.kind].label}</span>
			<span class="what">${withService ? html`<a href=${link('services', event.service)}><bdi>${cut(event.service, 60)}</bdi></a> / ` : nothing}<a href=${link('services', event.service, event.instance)}><bdi>${cut(event.instance, 60)}</bdi></a>
			<span class="why">${cut(local(event.text), 240)}</span></span>
		</li>`)}
	</ol>`;
}

class OverviewPage extends Page {

	render() {
		const services = [...store.services.values()];
		const total = { total: 0, held: 0, UP: 0, OUT_OF_SERVICE: 0, DOWN: 0, STARTING: 0, UNKNOWN: 0 };
		services.forEach((service) => Object.keys(total).forEach((name) => total[name] += service.summary[name]));
		const now = store.now();
		const recent = store.events.filter((event) => event.time > now - 5 * 60_000);
		const vanished = recent.filter((event) => event.kind === 'VANISHED').length;
		const mirror = store.state?.mirror;
		const attention = this.attention(services);
		return html`
			<h1 tabindex="-1">Overview</h1>
			<section class="tiles" aria-label="In numbers">
				${this.tile('Services', number(services.length), link('services'), 'with an instance')}
				${this.tile('Instances up', number(total.UP), link('services'), total.UP < total.total ? `of ${number(total.total)}` : 'all of them', 'UP')}
				${this.tile('Out of service', number(total.OUT_OF_SERVICE), `${link('services')}?q=status%3Dout_of_service`, 'not to be called', total.OUT_OF_SERVICE ? 'OUT_OF_SERVICE' : null)}
				${this.tile('Down', number(total.DOWN + total.UNKNOWN), `${link('services')}?q=status%3Ddown`, 'or unknown', total.DOWN + total.UNKNOWN ? 'DOWN' : null)}
				${this.tile('Held', number(total.held), `${link('services')}?q=held`, 'still served', total.held ? 'HELD' : null)}
				${this.tile('Vanished', number(vanished), null, 'in five minutes', vanished ? 'DOWN' : null)}
				${this.tile('Mirror', mirror?.synced ? 'live' : duration(mirror?.staleness ?? 0), link('etcd'), `revision ${number(mirror?.revision ?? 0)}`, mirror?.synced ? null : 'DOWN')}
			</section>
			<section class="card" aria-labelledby="strip-title">
				<h2 id="strip-title">The last five minutes</h2>
				${strip(store.events, now)}
				<div class="scale" aria-hidden="true"><span>5 min ago</span><span>now</span></div>
				<p class="legend"><span class="key key-good">came</span><span class="key key-other">changed or left</span><span class="key key-bad">vanished or held</span></p>
			</section>
			${this.overrides()}
			<div class="columns">
				<section class="card" aria-labelledby="attention-title">
					<h2 id="attention-title">Needs attention</h2>
					${!mirror?.known ? html`<p class="empty">Nothing is known yet.</p>` : attention.length === 0 ? html`<p class="empty good"><span aria-hidden="true">✓ </span>Every service has an instance that is up, and none is held.</p>`
						: html`<ul class="attention">${attention.slice(0, 20).map(({ service, text, kind }) => html`<li class="status-${kind}"><span class="mark" aria-hidden="true">${kind === 'HELD' ? '!' : '✕'}</span><a href=${link('services', service.name)}><bdi>${cut(service.name, 60)}</bdi></a> ${text}</li>`)}</ul>
							${attention.length > 20 ? html`<p class="more">and ${attention.length - 20} more</p>` : nothing}`}
				</section>
				<section class="card" aria-labelledby="latest-title">
					<h2 id="latest-title">Latest changes</h2>
					${timeline(store.events.slice(-12).reverse(), true)}
				</section>
			</div>`;
	}

	/** What operators have decided, and until when. */
	overrides() {
		const overrides = Object.entries(store.state?.overrides ?? {}).flatMap(([service, byInstance]) => Object.entries(byInstance).map(([instance, override]) => ({ service, instance, override })));
		return overrides.length === 0 ? nothing : html`<section class="card" aria-labelledby="overrides-title">
			<h2 id="overrides-title">Overridden by operators</h2>
			<ul class="plain">${overrides.slice(0, 20).map(({ service, instance, override }) => html`<li><a href=${link('services', service, instance)}><bdi>${cut(service, 60)}</bdi> / <bdi>${cut(instance, 60)}</bdi></a>: ${decision(override)}${override.by ? html`, by <bdi>${cut(override.by, 60)}</bdi>` : nothing}, ${term(override)}</li>`)}</ul>
			${overrides.length > 20 ? html`<p class="more">and ${number(overrides.length - 20)} more</p>` : nothing}
		</section>`;
	}

	attention(services) {
		const list = [];
		for (const service of services) {
			const summary = service.summary;
			if (summary.UP === 0) {
				list.push({ service, kind: 'DOWN', text: 'has no instance that is up' });
			}
			else if (summary.held > 0) {
				list.push({ service, kind: 'HELD', text: `holds ${count(summary.held, 'instance')} that vanished` });
			}
		}
		return list;
	}

	tile(title, value, href, note, kind) {
		const content = html`<span class="title">${title}</span><span class="value ${kind ? `status-${kind}` : ''}">${value}</span><span class="note">${note ?? html`&nbsp;`}</span>`;
		return href ? html`<a class="tile" href=${href}>${content}</a>` : html`<div class="tile">${content}</div>`;
	}

}

/** Reads what is searched for: words are names, and the rest is what an instance must have. */
export function query(text) {
	const names = [];
	const tests = [];
	for (const word of text.trim().split(/\s+/).filter((each) => each)) {
		const at = word.indexOf('=');
		if (at > 0) {
			const key = word.slice(0, at).toLowerCase();
			const value = word.slice(at + 1).toLowerCase();
			if (key === 'status') {
				tests.push((instance) => instance.status.toLowerCase().replace(/_/g, '-').startsWith(value.replace(/_/g, '-')));
			}
			else if (key === 'id') {
				tests.push((instance) => instance.id.toLowerCase().includes(value));
			}
			else if (key === 'address') {
				tests.push((instance) => instance.uri.toLowerCase().includes(value));
			}
			else {
				const name = word.slice(0, at).replace(/^metadata\./i, '');
				tests.push((instance) => Object.hasOwn(instance.metadata, name) && instance.metadata[name].toLowerCase() === value);
			}
		}
		else if (word.toLowerCase() === 'held') {
			tests.push((instance) => instance.held);
		}
		else {
			names.push(word.toLowerCase());
		}
	}
	return { names, tests };
}

class ServicesPage extends Page {

	#made = null;

	constructor() {
		super();
		this.sort = { by: 'name', down: false };
	}

	get text() {
		return this.route.parameters.get('q') ?? '';
	}

	/** Those that are searched for, made once for each change of the data or the question. */
	get found() {
		const of = `${store.version} ${this.sort.by} ${this.sort.down} ${this.text}`;
		if (this.#made?.of !== of) {
			const { names, tests } = query(this.text);
			const rows = [];
			for (const service of store.services.values()) {
				const name = service.name.toLowerCase();
				let matching = service.summary.total;
				if (tests.length > 0) {
					matching = 0;
					for (const instance of service.instances.values()) {
						matching += tests.every((test) => test(instance)) ? 1 : 0;
					}
				}
				if (matching > 0 && names.every((word) => name.includes(word))) {
					rows.push({ service, matching, filtered: tests.length > 0 });
				}
			}
			const sorts = {
				name: (a, b) => a.service.name < b.service.name ? -1 : 1,
				instances: (a, b) => b.matching - a.matching || sorts.name(a, b),
				status: (a, b) => (a.service.summary.UP / a.service.summary.total) - (b.service.summary.UP / b.service.summary.total) || sorts.name(a, b),
				changed: (a, b) => b.service.lastChange - a.service.lastChange || sorts.name(a, b),
			};
			rows.sort(sorts[this.sort.by]);
			if (this.sort.down) {
				rows.reverse();
			}
			this.#made = { of, rows };
		}
		return this.#made.rows;
	}

	render() {
		const found = this.found;
		const now = store.now();
		return html`
			<h1 tabindex="-1">Services</h1>
			<div class="search">
				<label for="search">Search</label>
				<input id="search" type="search" autocomplete="off" spellcheck="false" placeholder="name, zone=a, status=down, metadata.team=blue, held" .value=${live(this.text)}
					@input=${this.searched} @keydown=${this.pressed} aria-describedby="found">
				<kbd aria-hidden="true">/</kbd>
				<span id="found" role="status">${found.length === store.services.size ? count(found.length, 'service') : `${number(found.length)} of ${count(store.services.size, 'service')}`}</span>
			</div>
			<windowed-table label="Services" .items=${found} .version=${store.version + Math.floor(now / 5000)} .keyOf=${(row) => row.service.name} .sort=${this.sort}
				.columns=${[
					{ title: 'Service', sort: 'name' },
					{ title: 'Instances', sort: 'instances', className: 'number', width: '104px' },
					{ title: 'Status', sort: 'status', width: '23%' },
					{ title: 'Zones', width: '11%' },
					{ title: 'Up, 10 min', width: '150px' },
					{ title: 'Last change', sort: 'changed', className: 'number', width: '124px' }]}
				.row=${(row) => this.row(row, store.now())}
				.empty=${store.services.size === 0 ? 'Nothing is registered yet.' : 'Nothing is found. A word is a part of a name; status=, zone=, version=, id=, address= and metadata.<key>= ask for instances.'}
				@sort=${(event) => { this.sort = event.detail; this.requestUpdate(); }}></windowed-table>`;
	}

	row({ service, matching, filtered }, now) {
		const summary = service.summary;
		const q = filtered ? `?q=${encodeURIComponent(this.text.split(/\s+/).filter((word) => word.includes('=') || word.toLowerCase() === 'held').join(' '))}` : '';
		return html`
			<td class="wide name"><a href=${link('services', service.name) + q} title=${cut(service.name, 200)}><bdi>${cut(service.name, 80)}</bdi></a></td>
			<td class="number" data-title="Instances">${filtered && matching !== summary.total ? `${number(matching)} of ${number(summary.total)}` : number(summary.total)}</td>
			<td class="health">${bar(summary)}<span class="counts">${counts(summary)}</span></td>
			<td class="zones">${several(summary.zones)}</td>
			<td class="spark">${sparkline(service, now)}</td>
			<td class="number last">${service.lastChange ? `${duration(now - service.lastChange)} ago` : '–'}</td>`;
	}

	searched(event) {
		const text = event.target.value;
		history.replaceState(null, '', text ? `${link('services')}?q=${encodeURIComponent(text)}` : link('services'));
		dispatchEvent(new HashChangeEvent('hashchange'));
	}

	pressed(event) {
		if (event.key === 'ArrowDown') {
			event.preventDefault();
			this.querySelector('tr.row a')?.focus();
		}
		else if (event.key === 'Escape' && event.target.value) {
			event.target.value = '';
			this.searched(event);
		}
	}

}

class ServicePage extends AskingPage {

	static view = 'service';

	#made = null;

	/** The service, and the leases that are in view. */
	get parameters() {
		const inView = [...(this.querySelector('windowed-table')?.visible ?? []), ...this.detailed];
		return { service: this.name, lease: [...new Set(inView.map((instance) => instance.lease).filter((lease) => lease))].slice(0, 60) };
	}

	merged(answer) {
		return { ...answer, at: Date.now() };
	}

	/** Now it is known which leases are in view. */
	firstUpdated() {
		this.ask();
	}

	willUpdate(changed) {
		if (changed.has('route') && changed.get('route') && changed.get('route').segments[1] !== this.name) {
			this.answer = null;
			this.ask();
		}
	}

	lease(instance) {
		if (!instance.lease) {
			return html`<span title="Nobody keeps it alive, and nothing takes it away">none</span>`;
		}
		const lease = this.answer?.leases[instance.lease];
		if (!lease) {
			return html`<span class="muted" title="etcd has not said yet how long the lease lives on">–</span>`;
		}
		const left = Math.max(0, lease.left - Math.floor((Date.now() - this.answer.at) / 1000));
		return lease.granted === 0 ? html`<span class="status-DOWN">ended</span>`
			: html`${gauge(left / lease.granted, left < 0.3 * lease.granted)}<span class="left">${duration(left * 1000)}<span class="of"> of ${duration(lease.granted * 1000)}</span></span>`;
	}

	/** What this application does with an instance that wants to be called. */
	treatment(instance) {
		const treatments = this.answer?.treatments;
		const treatment = treatments && Object.hasOwn(treatments, instance.key) ? treatments[instance.key] : null;
		if (!treatment || instance.status !== 'UP') {
			return [];
		}
		return [
			...treatment.ejected ? [{ kind: 'DOWN', mark: '✕', label: 'ejected', why: 'no connection to it could be made; this application calls it again as soon as it can' }] : [],
			...treatment.leftOut ? [{ kind: 'OUT_OF_SERVICE', mark: '◐', label: 'passed over', why: 'a filter of this application leaves it out, or another instance speaks for its address' }] : [],
			...treatment.share < 1 ? [{ kind: 'STARTING', mark: '◔', label: `slow start, ${Math.floor(treatment.share * 100)} %`, why: 'it is new, and is called less often than the others until it has been there for a while' }] : [],
		];
	}

	get detailed() {
		const id = this.route.segments[2];
		return id === undefined ? [] : [...(store.service(this.name)?.instances.values() ?? [])].filter((instance) => instance.id === id);
	}

	get name() {
		return this.route.segments[1];
	}

	get text() {
		return this.route.parameters.get('q') ?? '';
	}

	get found() {
		const of = `${store.version} ${this.name} ${this.text}`;
		if (this.#made?.of !== of) {
			const { names, tests } = query(this.text);
			const instances = [...(store.service(this.name)?.instances.values() ?? [])]
				.filter((instance) => tests.every((test) => test(instance)) && names.every((word) => instance.id.toLowerCase().includes(word) || instance.uri.toLowerCase().includes(word)))
				.sort((a, b) => a.id < b.id ? -1 : a.id > b.id ? 1 : a.key < b.key ? -1 : 1);
			this.#made = { of, instances };
		}
		return this.#made.instances;
	}

	render() {
		const service = store.service(this.name);
		const events = store.eventsOf(this.name);
		const found = this.found;
		return html`
			<nav class="path" aria-label="Path"><a href=${link('services')}>Services</a> /</nav>
			<h1 tabindex="-1"><bdi>${show(this.name)}</bdi></h1>
			${service ? html`<p class="headline">${counts(service.summary)}${sparkline(service, store.now(), 240, 28)}</p>`
				: html`<p class="empty">No instance of this service is registered${store.state?.mirror.known ? '' : ' as far as is known yet'}.</p>`}
			${service ? html`<div class="search">
				<label for="search">Search</label>
				<input id="search" type="search" autocomplete="off" spellcheck="false" placeholder="id or address, zone=a, status=down, metadata.team=blue" .value=${live(this.text)} @input=${this.searched} aria-describedby="found">
				<kbd aria-hidden="true">/</kbd>
				<span id="found" role="status">${found.length === service.summary.total ? count(found.length, 'instance') : `${number(found.length)} of ${count(service.summary.total, 'instance')}`}</span>
			</div>
			<windowed-table label="Instances" .items=${found} .version=${store.version + Math.floor(store.now() / 1000)} .keyOf=${(instance) => instance.key}
				.columns=${[
					{ title: 'Instance', width: '23%' }, { title: 'Status', width: '158px' }, { title: 'Zone', width: '70px' }, { title: 'Weight', className: 'number', width: '74px' },
					{ title: 'Version', width: '80px' }, { title: 'Seen for', className: 'number', width: '96px' }, { title: 'Lease', width: '148px' }, { title: 'Metadata' }]}
				.row=${(instance) => this.row(instance)}
				.empty=${'No instance is found.'}></windowed-table>` : nothing}
			${this.answer?.announced ? html`<div class="columns even">
				${this.neighbours('callers', 'Called by', 'No application announces that it calls this service.', false)}
				${this.neighbours('calls', 'Calls', 'It does not announce whom it calls.', true)}
			</div>` : nothing}
			<section class="card" aria-labelledby="timeline-title">
				<h2 id="timeline-title">Who came, went and changed</h2>
				${timeline(events.slice(-100).reverse(), false)}
			</section>
			${this.route.segments[2] !== undefined ? this.details(this.route.segments[2]) : nothing}`;
	}

	row(instance) {
		const { zone, weight, version, ...rest } = instance.metadata;
		return html`
			<td class="wide name"><a href=${link('services', this.name, instance.id)}><bdi>${cut(instance.id, 60)}</bdi></a><span class="address"><bdi>${cut(instance.uri, 60)}</bdi></span></td>
			<td class="state">${status(instance)}${this.remarks(instance)}</td>
			<td data-title="Zone">${cut(zone ?? '', 24)}</td>
			<td class="number" data-title="Weight">${cut(weight ?? '', 12)}</td>
			<td data-title="Version">${cut(version ?? '', 24)}</td>
			<td class="number" data-title="Seen for">${seen(instance)}</td>
			<td class="lease" data-title="Lease">${this.lease(instance)}</td>
			<td class="wide metadata">${Object.entries(rest).slice(0, 4).map(([key, value]) => html`<span class="chip"><bdi>${cut(key, 24)}</bdi>=<bdi>${cut(value, 24)}</bdi></span>`)}${Object.keys(rest).length > 4 ? html`<span class="chip">+${Object.keys(rest).length - 4}</span>` : nothing}</td>`;
	}

	/** Who calls it, or whom it calls. */
	neighbours(kind, title, none, registered) {
		const neighbours = Object.entries(this.answer[kind]);
		return html`<section class="card neighbours" aria-labelledby="${kind}-title"><h2 id="${kind}-title">${title}</h2>
			${neighbours.length > 0 ? chips(neighbours, registered) : html`<p class="empty">${none}</p>`}</section>`;
	}

	/** What there is to say of an instance in a second line. */
	remarks(instance) {
		const remarks = this.treatment(instance).map(({ kind, mark, label, why }) => html`<span class="status status-${kind}" title=${`This application: ${why}`}><span class="mark" aria-hidden="true">${mark}</span>${label}</span> `);
		if (store.override(this.name, instance.id)) {
			remarks.push(html`<span class="tag" title="An operator has overridden it">override</span>`);
		}
		return remarks.length > 0 ? html`<span class="second">${remarks}</span>` : nothing;
	}

	/** An instance on its own, beside the list. */
	details(id) {
		const instances = this.detailed;
		const events = store.eventsOf(this.name).filter((event) => event.instance === id);
		return html`<aside class="details" aria-labelledby="details-title" @keydown=${(event) => event.key === 'Escape' && (location.hash = link('services', this.name))}>
			<header><h2 id="details-title" tabindex="-1"><bdi>${show(id)}</bdi></h2><a class="close" href=${link('services', this.name)} aria-label="Close the details">✕</a></header>
			${instances.length === 0 ? html`<p class="empty">This instance is not registered now.</p>` : nothing}
			${instances.map((instance) => html`
				<p>${status(instance)}</p>
				${this.treatment(instance).map(({ kind, mark, label, why }) => html`<p class="treatment"><span class="status status-${kind}"><span class="mark" aria-hidden="true">${mark}</span>${label}</span>: ${why}.</p>`)}
				${instance.held ? html`<p class="treatment">Its key is gone from etcd, together with others and without a goodbye; this application serves it on for a while.</p>` : nothing}
				${this.override(instance)}
				<dl>
					<dt>Address</dt><dd><bdi>${show(instance.uri)}</bdi></dd>
					<dt>Key</dt><dd><code><bdi>${show(instance.key)}</bdi></code></dd>
					<dt>Lease</dt><dd>${instance.lease ? html`<code>${instance.lease}</code> ${this.lease(instance)}` : 'none: nobody keeps it alive'}</dd>
					<dt>Seen for</dt><dd>${seen(instance)}</dd>
					<dt>Revisions</dt><dd>${instance.created ? `created at ${number(instance.created)}, last written at ${number(instance.modified)}` : 'its key is gone from etcd'}</dd>
				</dl>
				<h3>Metadata</h3>
				${Object.keys(instance.metadata).length === 0 ? html`<p class="empty">none</p>` : html`<dl class="values">${Object.entries(instance.metadata).map(([key, value]) => html`<dt><bdi>${show(key)}</bdi></dt><dd><bdi>${show(value)}</bdi></dd>`)}</dl>`}`)}
			<h3>What happened to it</h3>
			${timeline(events.slice(-30).reverse(), false)}
		</aside>`;
	}

	/** Who has overridden an instance, and how to do so. */
	override(instance) {
		const override = store.override(this.name, instance.id);
		const actions = store.state?.actions;
		return html`${override ? html`<p class="override">Overridden${override.by ? html` by <strong><bdi>${cut(override.by, 60)}</bdi></strong>` : nothing}: ${decision(override)}, ${term(override)}.
				${actions ? html`<button @click=${() => this.act('DELETE', { service: this.name, instance: instance.id })}>End it now</button>` : nothing}</p>` : nothing}
			${actions ? html`<form class="actions" @submit=${(event) => this.weighed(event, instance)}>
				<fieldset><legend>Override, for every application</legend>
				<label>for <select name="minutes"><option value="5">5 min</option><option value="10" selected>10 min</option><option value="60">1 h</option><option value="480">8 h</option><option value="1440">24 h</option></select></label>
				<button type="button" value="OUT_OF_SERVICE" @click=${(event) => this.decide(event.target.form, instance, { status: 'OUT_OF_SERVICE' })}>Take out of service</button>
				<label>weight <input name="weight" type="number" min="0" max="2147483647" size="6" inputmode="numeric"></label>
				<button>Set the weight</button></fieldset>
			</form>` : nothing}
			<p role="status" class="failure">${this.refusal ?? ''}</p>`;
	}

	/** Also by Enter in the field. */
	weighed(event, instance) {
		event.preventDefault();
		const weight = new FormData(event.target).get('weight');
		this.decide(event.target, instance, weight === '' ? {} : { weight });
	}

	decide(form, instance, what) {
		this.act('POST', { service: this.name, instance: instance.id, minutes: new FormData(form).get('minutes'), ...what });
	}

	async act(method, parameters) {
		try {
			await change(method, parameters);
			this.refusal = null;
		}
		catch (failure) {
			this.refusal = `${failure.message}.`;
		}
		this.requestUpdate();
	}

	updated(changed) {
		if (changed.has('route') && this.route.segments[2] !== undefined && changed.get('route')?.segments[2] !== this.route.segments[2]) {
			this.querySelector('#details-title')?.focus();
		}
	}

	searched(event) {
		const text = event.target.value;
		history.replaceState(null, '', link('services', this.name) + (text ? `?q=${encodeURIComponent(text)}` : ''));
		dispatchEvent(new HashChangeEvent('hashchange'));
	}

}

function seen(instance) {
	const age = duration(store.now() - instance.since);
	return instance.earlier ? html`<span title="It was there when this application first looked">&gt; ${age}</span>` : age;
}

/** Names, each a link, with how many instances there are, and a mark where one should be registered and is not. */
function chips(pairs, registered, limit = 40) {
	return html`<ul class="chips">${pairs.slice(0, limit).map(([name, instances]) => html`<li class="chip"><a href=${link('services', name)}><bdi>${cut(name, 60)}</bdi></a>${!registered || store.services.has(name) ? nothing
		: html` <span class="status-OUT_OF_SERVICE" title="No instance of it is registered"><span aria-hidden="true">?</span><span class="visually-hidden">not registered</span></span>`}${instances > 1 ? html` <span class="muted">× ${number(instances)}</span>` : nothing}</li>`)}
		${pairs.length > limit ? html`<li class="more">and ${number(pairs.length - limit)} more</li>` : nothing}</ul>`;
}

class CallsPage extends AskingPage {

	static view = 'calls';
	static limit = 200;

	get parameters() {
		return this.answer ? { after: this.answer.number } : {};
	}

	merged(answer) {
		return { ...answer, callers: answer.callers ?? this.answer?.callers ?? [] };
	}

	get text() {
		return this.route.parameters.get('q') ?? '';
	}

	/** Those whose name is searched for, or that call one whose name is. */
	get found() {
		const words = this.text.toLowerCase().split(/\s+/).filter((word) => word);
		return (this.answer?.callers ?? []).filter((caller) => words.every((word) => caller.application.toLowerCase().includes(word)
			|| Object.keys(caller.calls).some((name) => name.toLowerCase().includes(word))));
	}

	render() {
		const { answer } = this;
		const found = this.found;
		return html`
			<h1 tabindex="-1">Who calls whom</h1>
			${this.refused()}
			${answer?.failure ? html`<p class="failure">What applications announce is not followed now: <bdi>${cut(answer.failure, 300)}</bdi>.</p>` : nothing}
			${!answer ? html`<p class="empty">Asking …</p>`
				: answer.callers.length === 0 ? answer.known ? html`<section class="card"><p class="empty">No application announces whom it calls. Those with <code>spring.cloud.etcd.discovery.announce-calls=true</code> do.</p></section>` : nothing
					: this.filled(found)}`;
	}

	filled(found) {
		const services = callees(found);
		return html`
			<div class="search">
				<label for="search">Search</label>
				<input id="search" type="search" autocomplete="off" spellcheck="false" placeholder="application or service" .value=${live(this.text)} @input=${this.searched} aria-describedby="found">
				<kbd aria-hidden="true">/</kbd>
				<span id="found" role="status">${found.length === this.answer.callers.length ? count(found.length, 'application') : `${number(found.length)} of ${count(this.answer.callers.length, 'application')}`}</span>
			</div>
			${found.length > 0 && found.length <= 24 && services.length <= 24 ? html`<section class="card glance" aria-labelledby="graph-title">
				<h2 id="graph-title">At a glance</h2>
				<div class="scroll" tabindex="0" role="region" aria-label="Picture of who calls whom">${graph(found, services, (name) => store.services.get(name), link)}</div>
			</section>` : nothing}
			${this.table('callers', 'Applications', 'Calls', found.map((caller) => ({ name: caller.application, instances: caller.instances, others: Object.entries(caller.calls) })))}
			${this.table('callees', 'Services', 'Called by', services)}`;
	}

	table(id, title, of, rows) {
		return html`<section class="card" aria-labelledby="${id}-title">
			<h2 id="${id}-title">${title}</h2>
			${rows.length === 0 ? html`<p class="empty">Nothing is found.</p>` : html`
			<div class="scroll" tabindex="0" role="region" aria-label="Table of the ${title.toLowerCase()}"><table class="plain calls"><thead><tr><th scope="col">Name</th><th scope="col" class="number">Instances</th><th scope="col">${of}</th></tr></thead>
			<tbody>${repeat(rows.slice(0, CallsPage.limit), (row) => row.name, (row) => html`<tr><th scope="row"><a href=${link('services', row.name)}><bdi>${cut(row.name, 60)}</bdi></a></th><td class="number" data-title="Instances">${row.instances === undefined ? '–' : number(row.instances)}</td><td data-title="${of}">${chips(row.others, id === 'callers')}</td></tr>`)}</tbody></table></div>
			${rows.length > CallsPage.limit ? html`<p class="more">and ${number(rows.length - CallsPage.limit)} more: search for them</p>` : nothing}`}
		</section>`;
	}

	searched(event) {
		const text = event.target.value;
		history.replaceState(null, '', text ? `${link('calls')}?q=${encodeURIComponent(text)}` : link('calls'));
		dispatchEvent(new HashChangeEvent('hashchange'));
	}

}

/** The services that are called, with who calls them. */
function callees(callers) {
	const services = new Map();
	for (const caller of callers) {
		for (const [name, instances] of Object.entries(caller.calls)) {
			if (!services.has(name)) {
				services.set(name, { name, instances: store.services.get(name)?.summary.total, others: [] });
			}
			services.get(name).others.push([caller.application, instances]);
		}
	}
	return [...services.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}

class RegistrationPage extends AskingPage {

	static view = 'registration';

	render() {
		const { lease, registrations } = this.answer ?? {};
		return html`
			<h1 tabindex="-1">This application</h1>
			${this.refused()}
			${!this.answer ? html`<p class="empty">Asking …</p>` : nothing}
			${lease ? html`<section class="card" aria-labelledby="lease-title">
				<h2 id="lease-title">Lease</h2>
				<dl>
					<dt>State</dt><dd>${lease.state.toLowerCase()}</dd>
					<dt>Id</dt><dd>${lease.id ? html`<code>${lease.id}</code>` : 'none'}</dd>
					<dt>Lives on without another renewal</dt><dd>${lease.remainingSeconds.toFixed(1)} s</dd>
				</dl>
			</section>` : this.answer ? html`<p class="empty">This application registers nothing.</p>` : nothing}
			${(registrations ?? []).map((registration) => html`<section class="card">
				<h2><code><bdi>${show(registration.key)}</bdi></code></h2>
				<dl>
					<dt>Registration</dt><dd><span class="status status-${registration.state === 'REGISTERED' ? 'UP' : 'DOWN'}"><span class="mark" aria-hidden="true">${registration.state === 'REGISTERED' ? '●' : '✕'}</span>${registration.state.toLowerCase().replace('_', ' ')}</span></dd>
					<dt>Status that others see</dt><dd>${status(registration)}</dd>
					<dt>Address</dt><dd><bdi>${show(registration.uri)}</bdi></dd>
				</dl>
				<h3>Metadata</h3>
				${Object.keys(registration.metadata).length === 0 ? html`<p class="empty">none</p>` : html`<dl class="values">${Object.entries(registration.metadata).map(([key, value]) => html`<dt><bdi>${show(key)}</bdi></dt><dd><bdi>${show(value)}</bdi></dd>`)}</dl>`}
			</section>`)}`;
	}

}

class EtcdPage extends AskingPage {

	static view = 'etcd';
	static interval = 2500;

	render() {
		const etcd = this.answer;
		const mirror = store.state?.mirror;
		const endpoints = etcd?.endpoints.value ?? [];
		const names = new Map((etcd?.members.value ?? []).map((member) => [member.id, member.name]));
		return html`
			<h1 tabindex="-1">etcd</h1>
			${this.refused()}
			${!etcd ? html`<p class="empty">Asking …</p>` : html`
			<section class="tiles" aria-label="In numbers">
				${tile('Members', etcd.members.value ? number(etcd.members.value.length) : '–', etcd.members.failure)}
				${tile('Alarms', etcd.alarms.value ? number(etcd.alarms.value.length) : '–', etcd.alarms.failure ?? (etcd.alarms.value.join(', ') || 'none is raised'), etcd.alarms.value?.length ? 'DOWN' : null)}
				${tile('Leases', etcd.leases.value !== undefined ? number(etcd.leases.value) : '–', etcd.leases.failure)}
				${tile('Revision', number(Math.max(0, ...endpoints.map((endpoint) => endpoint.revision))), `the mirror is at ${number(mirror?.revision ?? 0)}`)}
				${tile('Relists', number(mirror?.relists ?? 0), 'of the mirror, since the start')}
			</section>
			<section class="card" aria-labelledby="endpoints-title">
				<h2 id="endpoints-title">Endpoints of this application</h2>
				${etcd.endpoints.failure ? html`<p class="failure">${etcd.endpoints.failure}</p>` : nothing}
				<div class="scroll" tabindex="0" role="region" aria-label="Table of the endpoints"><table class="plain endpoints">
					<thead><tr><th scope="col">Endpoint</th><th scope="col">Member</th><th scope="col">Role</th><th scope="col">Version</th><th scope="col" class="number">Term</th><th scope="col" class="number">Revision</th><th scope="col">Database</th></tr></thead>
					<tbody>${repeat(endpoints, (endpoint) => endpoint.endpoint, (endpoint) => html`<tr>
						<td><code>${show(endpoint.endpoint)}</code></td>
						${endpoint.failure ? html`<td colspan="6"><span class="status status-DOWN"><span class="mark" aria-hidden="true">✕</span></span> <bdi>${cut(endpoint.failure, 300)}</bdi></td>` : html`
						<td data-title="Member"><bdi>${cut(names.get(endpoint.member) || '', 40)}</bdi> <code class="muted">${endpoint.member}</code></td>
						<td data-title="Role">${this.role(endpoint)}</td>
						<td data-title="Version">${endpoint.version}</td>
						<td class="number" data-title="Term">${number(endpoint.term)}</td>
						<td class="number" data-title="Revision">${number(endpoint.revision)}</td>
						<td class="size" data-title="Database">${endpoint.quota ? gauge(endpoint.size / endpoint.quota, endpoint.size > 0.8 * endpoint.quota) : nothing}${bytes(endpoint.size)}${endpoint.quota ? html` of ${bytes(endpoint.quota)}` : nothing}<span class="second muted">${bytes(endpoint.sizeInUse)} in use</span></td>`}
					</tr>`)}</tbody>
				</table></div>
				${endpoints.some((endpoint) => !endpoint.failure && !endpoint.quota) ? html`<p class="more">This etcd does not tell its quota; 3.6 and newer do.</p>` : nothing}
			</section>
			<section class="card" aria-labelledby="members-title">
				<h2 id="members-title">Members of the cluster</h2>
				${etcd.members.failure ? html`<p class="failure">This application may not see them: ${etcd.members.failure}</p>`
					: html`<ul class="plain">${etcd.members.value.map((member) => html`<li><strong><bdi>${cut(member.name || '(not started)', 60)}</bdi></strong> <code class="muted">${member.id}</code> ${member.learner ? 'learner' : ''} <bdi>${cut(member.clientUrls.join(', '), 200)}</bdi></li>`)}</ul>`}
			</section>`}`;
	}

	role(endpoint) {
		return endpoint.learner ? 'learner'
			: endpoint.leader === '' ? html`<span class="status status-DOWN"><span class="mark" aria-hidden="true">✕</span>no leader</span>`
				: endpoint.leader === endpoint.member ? html`<strong>leader</strong>` : 'follower';
	}

}

function tile(title, value, note, kind) {
	return html`<div class="tile"><span class="title">${title}</span><span class="value ${kind ? `status-${kind}` : ''}">${value}</span><span class="note">${note ? cut(note, 160) : html`&nbsp;`}</span></div>`;
}

class ProblemsPage extends AskingPage {

	static view = 'problems';
	static interval = 2500;

	render() {
		const problems = this.answer;
		const rejected = Object.entries(problems?.rejected ?? {});
		return html`
			<h1 tabindex="-1">Problems</h1>
			${this.refused()}
			${!problems ? html`<p class="empty">Asking …</p>` : html`
			${this.card('rejected', 'Values that are passed over', rejected.length === 0, 'Every value below the prefixes can be read.', () => html`
				<div class="scroll" tabindex="0" role="region" aria-label="Table of the values"><table class="plain values"><thead><tr><th scope="col">Key</th><th scope="col">Why</th></tr></thead>
				<tbody>${repeat(rejected, ([key]) => key, ([key, reason]) => html`<tr><td><code><bdi>${cut(key, 120)}</bdi></code></td><td><bdi>${cut(reason, 240)}</bdi></td></tr>`)}</tbody></table></div>
				${problems.rejectedCount > rejected.length ? html`<p class="more">and ${number(problems.rejectedCount - rejected.length)} more</p>` : nothing}`)}
			${this.card('duplicates', 'Ids and addresses that a service has twice', problems.duplicates.length === 0, 'Each instance has an id and an address of its own.', () => html`
				<ul class="attention">${problems.duplicates.map((duplicate) => html`<li class="status-DOWN"><span class="mark" aria-hidden="true">✕</span><a href=${link('services', duplicate.service)}><bdi>${cut(duplicate.service, 60)}</bdi></a> has ${number(duplicate.count)} instances with the <bdi>${cut(duplicate.what, 120)}</bdi></li>`)}</ul>`)}
			${this.card('etcd', 'etcd', problems.etcd.length === 0, 'All endpoints answer, are of one version, and complain about nothing.', () => html`
				<ul class="attention">${problems.etcd.map((problem) => html`<li class="status-DOWN"><span class="mark" aria-hidden="true">✕</span><bdi>${cut(problem, 300)}</bdi></li>`)}</ul>`)}
			${this.card('certificate', 'The certificate that etcd is shown', !problems.certificate?.soon,
				problems.certificate ? `${show(problems.certificate.subject)} is valid until ${new Date(problems.certificate.end).toLocaleString()}.` : 'There is none.', () => html`
				<p class="failure"><span aria-hidden="true">✕ </span><bdi>${show(problems.certificate.subject)}</bdi> ${problems.certificate.end < store.now() ? 'has ended' : `ends in ${duration(problems.certificate.end - store.now())}`}, ${new Date(problems.certificate.end).toLocaleString()}.</p>`)}`}`;
	}

	card(id, title, good, sentence, list) {
		return html`<section class="card" aria-labelledby="${id}-title">
			<h2 id="${id}-title">${title}</h2>
			${good ? html`<p class="empty good"><span aria-hidden="true">✓ </span>${sentence}</p>` : list()}
		</section>`;
	}

}

customElements.define('overview-page', OverviewPage);
customElements.define('services-page', ServicesPage);
customElements.define('service-page', ServicePage);
customElements.define('registration-page', RegistrationPage);
customElements.define('calls-page', CallsPage);
customElements.define('etcd-page', EtcdPage);
customElements.define('problems-page', ProblemsPage);
