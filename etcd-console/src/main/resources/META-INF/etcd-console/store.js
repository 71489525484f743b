// What the server has told, and the questions after what is new.

const BASE = new URL('.', import.meta.url);
const INTERVAL = 500;
const INTERVAL_HIDDEN = 5000;
const PATIENCE = 5000;
/** All there is may be some megabytes. */
const PATIENCE_FIRST = 60_000;
const MAX_EVENTS = 2000;
const MAX_EVENTS_OF_A_SERVICE = 300;

/** Asks for a view of the server. */
export async function view(name, parameters = {}, patience = PATIENCE) {
	const url = new URL(name, BASE);
	for (const [key, value] of Object.entries(parameters)) {
		for (const each of [value].flat()) {
			url.searchParams.append(key, each);
		}
	}
	const response = await fetch(url, { headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(patience) });
	if (!response.ok || response.redirected) {
		throw new Refused(response.redirected ? 401 : response.status);
	}
	return response.json();
}

/** Asks for a change, as only a page of the server itself can. */
export async function change(method, parameters) {
	const url = new URL(BASE.href.replace(/\/$/, ''));
	let body;
	if (method === 'POST') {
		body = JSON.stringify(parameters);
	}
	else {
		Object.entries(parameters).forEach(([key, value]) => url.searchParams.set(key, value));
	}
	let response;
	for (const token of await csrf()) {
		const headers = { 'X-Requested-With': 'etcdconsole', ...body ? { 'Content-Type': 'application/json' } : {}, ...token };
		response = await fetch(url, { method, headers, body, signal: AbortSignal.timeout(2 * PATIENCE) });
		if (response.status !== 403) {
			break;
		}
	}
	if (!response.ok) {
		throw new Error(response.status === 400 ? (await response.json().catch(() => ({}))).message ?? 'etcd or the console refuses this'
			: response.status === 401 || response.status === 403 ? 'You may not do this' : `The server answers with status ${response.status}`);
	}
	await store.ask();
}

/** What Spring Security may want to see with a change: the token of its cookie, or the one that it has told the console. */
async function csrf() {
	const { headers } = await fetch(new URL('csrf', BASE), { signal: AbortSignal.timeout(2 * PATIENCE) });
	const cookie = document.cookie.split('; ').find((each) => each.startsWith('XSRF-TOKEN='));
	const name = headers.get('X-CSRF-Header');
	const tokens = [...cookie ? [{ 'X-XSRF-TOKEN': decodeURIComponent(cookie.slice('XSRF-TOKEN='.length)) }] : [], ...name ? [{ [name]: headers.get('X-CSRF-Token') }] : []];
	return tokens.length > 0 ? tokens : [{}];
}

/** The server answers, but not with what was asked for. */
export class Refused extends Error {

	constructor(status) {
		super(status === 401 || status === 403 ? 'You are not logged in, or may not see this: load the page again'
			: `The server answers with status ${status}`);
		this.status = status;
	}

}

class Service {

	instances = new Map();
	events = [];
	#summary = null;

	constructor(name) {
		this.name = name;
	}

	changed() {
		this.#summary = null;
	}

	/** Counts that the lists and tiles need, made once for each change. */
	get summary() {
		if (!this.#summary) {
			const summary = { total: 0, held: 0, UP: 0, OUT_OF_SERVICE: 0, DOWN: 0, STARTING: 0, UNKNOWN: 0, zones: new Set(), versions: new Set() };
			for (const instance of this.instances.values()) {
				summary.total++;
				summary[instance.status]++;
				summary.held += instance.held ? 1 : 0;
				if (instance.metadata.zone) {
					summary.zones.add(instance.metadata.zone);
				}
				if (instance.metadata.version) {
					summary.versions.add(instance.metadata.version);
				}
			}
			this.#summary = summary;
		}
		return this.#summary;
	}

	get lastChange() {
		return this.events.length > 0 ? this.events[this.events.length - 1].time : 0;
	}

}

/** Tells with "change" that something is new, with "news" which events are. */
class Store extends EventTarget {

	services = new Map();
	events = [];
	state = null;
	failure = null;
	contact = 0;
	/** What the server's clock is ahead. */
	skew = 0;
	/** Counts the changes, so that what is derived is made once for each. */
	version = 0;
	#revision = null;
	#timer = 0;
	#asking = false;

	start() {
		document.addEventListener('visibilitychange', () => document.hidden || this.ask());
		this.ask();
	}

	/** The time of the day, by the server's clock. */
	now() {
		return Date.now() + this.skew;
	}

	/** What an operator has decided of an instance. */
	override(service, instance) {
		const overrides = this.state?.overrides ?? {};
		return Object.hasOwn(overrides, service) && Object.hasOwn(overrides[service], instance) ? overrides[service][instance] : undefined;
	}

	/** A service as it is now; one that has no instances still has a history. */
	service(name) {
		return this.services.get(name);
	}

	eventsOf(name) {
		return this.services.get(name)?.events ?? this.events.filter((event) => event.service === name);
	}

	async ask() {
		if (this.#asking) {
			return;
		}
		this.#asking = true;
		clearTimeout(this.#timer);
		try {
			const state = this.#revision ? await view('state', { after: this.#revision }) : await view('state', {}, PATIENCE_FIRST);
			this.#apply(state);
			this.failure = null;
			this.contact = Date.now();
		}
		catch (failure) {
			this.failure = failure instanceof Refused ? failure.message : 'The server of this page does not answer';
		}
		this.#asking = false;
		this.#timer = setTimeout(() => this.ask(), document.hidden ? INTERVAL_HIDDEN : INTERVAL);
		this.dispatchEvent(new Event('change'));
	}

	#apply(state) {
		const changes = state.changes;
		this.state = state;
		this.skew = state.time - Date.now();
		if (this.#revision === changes.revision) {
			return;
		}
		this.#revision = changes.revision;
		this.version++;
		if (changes.full) {
			this.services = new Map();
			this.events = [];
		}
		for (const [name, keys] of Object.entries(changes.removed)) {
			const service = this.services.get(name);
			keys.forEach((key) => service?.instances.delete(key));
			service?.changed();
			if (service?.instances.size === 0) {
				this.services.delete(name);
			}
		}
		for (const [name, instances] of Object.entries(changes.services)) {
			let service = this.services.get(name);
			if (!service) {
				service = new Service(name);
				service.events = changes.full ? [] : this.events.filter((event) => event.service === name);
				this.services.set(name, service);
			}
			instances.forEach((instance) => service.instances.set(instance.key, instance));
			service.changed();
		}
		this.#remember(changes.events);
		if (!changes.full && changes.events.length > 0) {
			this.dispatchEvent(new CustomEvent('news', { detail: changes.events }));
		}
	}

	#remember(events) {
		for (const event of events) {
			// One that is told again replaces itself
			this.#put(this.events, event, MAX_EVENTS);
			const service = this.services.get(event.service);
			if (service) {
				this.#put(service.events, event, MAX_EVENTS_OF_A_SERVICE);
			}
		}
	}

	#put(list, event, most) {
		// Most are new, and come in order
		const known = list.length > 0 && list[list.length - 1].number < event.number ? -1 : list.findLastIndex((other) => other.number === event.number);
		if (known >= 0) {
			list[known] = event;
		}
		else {
			list.push(event);
			list.splice(0, Math.max(0, list.length - most));
		}
	}

}

export const store = new Store();
