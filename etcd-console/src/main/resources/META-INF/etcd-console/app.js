// The frame around the pages: where one is, whether what one sees is true, and what has just happened.
import { LitElement, html, nothing } from './lit.js';
import { cut, duration, number, show, time, KINDS } from './text.js';
import { store } from './store.js';
import { link } from './pages.js';

const PAGES = [
	{ path: '', title: 'Overview' },
	{ path: 'services', title: 'Services' },
	{ path: 'calls', title: 'Who calls whom' },
	{ path: 'registration', title: 'This application' },
	{ path: 'etcd', title: 'etcd' },
	{ path: 'problems', title: 'Problems' },
];

function route() {
	const hash = location.hash.replace(/^#\/?/, '');
	const [path, parameters] = hash.split('?');
	return {
		segments: path.split('/').map((segment) => {
			try {
				return decodeURIComponent(segment);
			}
			catch {
				return segment;
			}
		}),
		parameters: new URLSearchParams(parameters ?? ''),
	};
}

class EtcdConsole extends LitElement {

	constructor() {
		super();
		this.route = route();
		this.spoken = [];
	}

	createRenderRoot() {
		return this;
	}

	connectedCallback() {
		super.connectedCallback();
		addEventListener('hashchange', () => this.moved());
		document.addEventListener('keydown', (event) => this.pressed(event));
		store.addEventListener('change', () => this.requestUpdate());
		store.addEventListener('news', (event) => this.speak(event.detail));
		store.start();
		// Also while nothing arrives, what is said of its age is true
		setInterval(() => this.requestUpdate(), 1000);
	}

	async moved() {
		const before = this.route;
		this.route = route();
		this.requestUpdate();
		await this.updateComplete;
		if (before.segments[0] !== this.route.segments[0] || before.segments[1] !== this.route.segments[1]) {
			await this.querySelector('main > *')?.updateComplete;
			scrollTo(0, 0);
			this.center();
			this.querySelector('h1')?.focus();
		}
	}

	/** Shows the current page among the pages, where they do not all fit. scrollIntoView() would move the whole document as well. */
	center() {
		const pages = this.querySelector('.pages');
		const all = pages.getBoundingClientRect();
		const current = pages.querySelector('[aria-current]')?.getBoundingClientRect();
		if (current) {
			pages.scrollLeft += current.left + current.width / 2 - all.left - all.width / 2;
		}
	}

	pressed(event) {
		const typing = event.target.matches?.('input, textarea, select');
		if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
			event.preventDefault();
			this.search();
		}
	}

	async search() {
		if (!this.querySelector('#search')) {
			location.hash = link('services');
			this.route = route();
			this.requestUpdate();
			await this.updateComplete;
			await this.querySelector('main > *')?.updateComplete;
		}
		const field = this.querySelector('#search');
		field?.focus();
		field?.select();
	}

	/** Says what has changed, in one sentence a few seconds. */
	speak(events) {
		this.spoken.push(...events);
		this.speaking ??= setTimeout(() => {
			const [first] = this.spoken;
			this.querySelector('#spoken').textContent = this.spoken.length === 1
				? `${cut(first.service, 40)}: ${cut(first.instance, 40)} ${KINDS[first.kind].label}` : `${this.spoken.length} changes`;
			this.spoken = [];
			this.speaking = null;
		}, 2000);
	}

	render() {
		const { state } = store;
		const page = this.route.segments[0];
		document.title = `${this.title(page)} · etcd console`;
		return html`
			<a class="skip" href="#content" @click=${this.skip}>Skip to the content</a>
			<header class="top">
				<a class="brand" href="#/"><svg aria-hidden="true" viewBox="0 0 32 32" width="28" height="28"><rect width="32" height="32" rx="8"></rect><g class="lines"><path d="M16 16 8.5 9.5M16 16l8-5.5M16 16l1 9"></path></g><g class="dots"><circle cx="16" cy="16" r="4"></circle><circle cx="8" cy="9" r="2.6"></circle><circle cx="24.5" cy="10" r="2.6"></circle><circle cx="17" cy="25.5" r="2.6"></circle></g></svg><span>etcd console</span></a>
				<span class="seen-by">as <strong><bdi>${show(state?.application ?? '…')}</bdi></strong> sees it</span>
				${this.freshness()}
			</header>
			<nav class="pages" aria-label="Pages"><ul>
				${PAGES.map(({ path, title }) => html`<li><a href=${path ? link(path) : '#/'} aria-current=${page === path ? 'page' : nothing}>${title}${this.badge(path)}</a></li>`)}
			</ul></nav>
			<main id="content" tabindex="-1">
				${this.warning()}
				${this.page(page)}
			</main>
			<div id="spoken" class="visually-hidden" aria-live="polite"></div>`;
	}

	skip(event) {
		event.preventDefault();
		this.querySelector('main').focus();
	}

	title(page) {
		return page === 'services' && this.route.segments[1] !== undefined ? show(this.route.segments[1])
			: PAGES.find(({ path }) => path === page)?.title ?? 'Not found';
	}

	badge(path) {
		if (path === 'services') {
			return html` <span class="badge">${number(store.services.size)}</span>`;
		}
		return path === 'problems' && store.state?.problems > 0
			? html` <span class="badge bad">${number(store.state.problems)}<span class="visually-hidden"> values are passed over</span></span>` : nothing;
	}

	page(page) {
		if (!store.state) {
			return html`<h1 tabindex="-1">${this.title(page)}</h1>${store.failure ? nothing : html`<p class="empty">Asking …</p>`}`;
		}
		switch (page) {
			case '': return html`<overview-page .route=${this.route}></overview-page>`;
			case 'services': return this.route.segments[1] === undefined ? html`<services-page .route=${this.route}></services-page>`
				: html`<service-page .route=${this.route}></service-page>`;
			case 'calls': return html`<calls-page .route=${this.route}></calls-page>`;
			case 'registration': return html`<registration-page .route=${this.route}></registration-page>`;
			case 'etcd': return html`<etcd-page .route=${this.route}></etcd-page>`;
			case 'problems': return html`<problems-page .route=${this.route}></problems-page>`;
			default: return html`<h1 tabindex="-1">There is no such page</h1><p><a href="#/">Overview</a></p>`;
		}
	}

	/** Whether what is seen is true now. */
	freshness() {
		const { state, failure } = store;
		if (failure) {
			return html`<span class="live gone"><span class="mark" aria-hidden="true">✕</span>not live</span>`;
		}
		if (!state) {
			return html`<span class="live waiting"><span class="mark" aria-hidden="true">◌</span>connecting</span>`;
		}
		if (!state.mirror.synced) {
			return html`<span class="live stale"><span class="mark" aria-hidden="true">◐</span>${state.mirror.known ? 'stale' : 'waiting for etcd'}</span>`;
		}
		return html`<span class="live"><span class="mark" aria-hidden="true">●</span>live</span>`;
	}

	warning() {
		const { state, failure } = store;
		if (failure) {
			return html`<p class="banner gone" role="alert">${failure}. ${store.contact ? `What you see is as it was at ${time(store.contact + store.skew)}, ${duration(Date.now() - store.contact)} ago.` : ''}</p>`;
		}
		if (state && !state.mirror.known) {
			return html`<p class="banner stale" role="alert">etcd has not answered this application yet, so nothing is known.${state.mirror.reason ? html` <bdi>${cut(state.mirror.reason, 300)}</bdi>` : nothing}</p>`;
		}
		if (state?.mirror.restored) {
			return html`<p class="banner stale" role="alert">etcd has not been read since the start: what you see comes from the snapshot on disk, of revision ${number(state.mirror.revision)}.</p>`;
		}
		if (state && !state.mirror.synced) {
			return html`<p class="banner stale" role="alert">This application has not followed etcd for ${duration(state.mirror.staleness)}: what you see was true at revision ${number(state.mirror.revision)}.${state.mirror.reason ? html` <bdi>${cut(state.mirror.reason, 300)}</bdi>` : nothing}</p>`;
		}
		return nothing;
	}

}

customElements.define('etcd-console', EtcdConsole);
