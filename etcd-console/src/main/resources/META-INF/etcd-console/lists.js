// A table of which only what can be seen is in the page.
import { LitElement, html, nothing, repeat } from './lit.js';

const MARGIN = 10;

/**
 * A table with rows of one height, of which it draws those that are in view. Arrow keys go from row to row.
 */
class WindowedTable extends LitElement {

	static properties = {
		items: { attribute: false },
		columns: { attribute: false },
		row: { attribute: false },
		keyOf: { attribute: false },
		label: {},
		empty: { attribute: false },
		sort: { attribute: false },
		version: { attribute: false },
	};

	constructor() {
		super();
		this.items = [];
		this.columns = [];
		this.keyOf = (item) => item;
		this.top = 0;
		this.height = 600;
		this.narrow = matchMedia('(max-width: 760px)');
		this.resized = new ResizeObserver(() => this.measure());
	}

	createRenderRoot() {
		return this;
	}

	connectedCallback() {
		super.connectedCallback();
		this.redraw = () => this.requestUpdate();
		this.narrow.addEventListener('change', this.redraw);
	}

	disconnectedCallback() {
		super.disconnectedCallback();
		this.narrow.removeEventListener('change', this.redraw);
		this.resized.disconnect();
	}

	firstUpdated() {
		this.resized.observe(this.querySelector('.window'));
	}

	measure() {
		const height = this.querySelector('.window').clientHeight;
		if (height !== this.height) {
			this.height = height;
			this.requestUpdate();
		}
	}

	get rowHeight() {
		return this.narrow.matches ? 92 : 48;
	}

	/** The items that are drawn now. */
	get range() {
		const first = Math.max(0, Math.floor(this.top / this.rowHeight) - MARGIN);
		return [first, Math.min(this.items.length, first + Math.ceil(this.height / this.rowHeight) + 2 * MARGIN)];
	}

	get visible() {
		const [first, last] = this.range;
		return this.items.slice(first, last);
	}

	render() {
		const [first, last] = this.range;
		return html`<div class="window" tabindex="0" role="region" aria-label=${this.label} @scroll=${this.scrolled} @keydown=${this.pressed}>
			<table aria-rowcount=${this.items.length + 1}>
				<caption class="visually-hidden">${this.label}</caption>
				<thead><tr aria-rowindex="1">${this.columns.map((column) => this.head(column))}</tr></thead>
				<tbody>
					${this.spacer(first * this.rowHeight)}
					${repeat(this.items.slice(first, last), this.keyOf,
						(item, index) => html`<tr class="row" aria-rowindex=${first + index + 2}>${this.row(item)}</tr>`)}
					${this.spacer((this.items.length - last) * this.rowHeight)}
				</tbody>
			</table>
			${this.items.length === 0 ? html`<p class="empty">${this.empty}</p>` : nothing}
		</div>`;
	}

	spacer(height) {
		return height > 0 ? html`<tr class="spacer" aria-hidden="true"><td colspan=${this.columns.length} .style=${`height:${height}px`}></td></tr>` : nothing;
	}

	head(column) {
		const sorted = this.sort?.by === column.sort && column.sort;
		return html`<th scope="col" class=${column.className ?? ''} .style=${column.width ? `width:${column.width}` : ''} aria-sort=${sorted ? (this.sort.down ? 'descending' : 'ascending') : nothing}>
			${column.sort ? html`<button class="sort" @click=${() => this.sortBy(column.sort)}>${column.title}<span aria-hidden="true">${sorted ? (this.sort.down ? ' ↓' : ' ↑') : ''}</span></button>`
				: column.title}
		</th>`;
	}

	sortBy(by) {
		this.dispatchEvent(new CustomEvent('sort', { detail: { by, down: this.sort?.by === by ? !this.sort.down : false } }));
	}

	scrolled(event) {
		const before = this.range.join();
		this.top = event.target.scrollTop;
		if (this.range.join() !== before) {
			this.requestUpdate();
		}
		this.dispatchEvent(new Event('moved'));
	}

	/** From row to row, also to those that are not drawn yet. */
	async pressed(event) {
		const steps = { ArrowDown: 1, ArrowUp: -1 };
		const row = event.target.closest('tr.row');
		if (!(event.key in steps) || event.altKey || event.ctrlKey || event.metaKey) {
			return;
		}
		const index = row ? Number(row.getAttribute('aria-rowindex')) - 2 + steps[event.key] : Math.ceil(this.top / this.rowHeight);
		if (index < 0 || index >= this.items.length) {
			return;
		}
		event.preventDefault();
		const box = this.querySelector('.window');
		const head = this.querySelector('thead').offsetHeight;
		const y = index * this.rowHeight;
		if (y < box.scrollTop) {
			box.scrollTop = y;
		}
		else if (y + this.rowHeight + head > box.scrollTop + box.clientHeight) {
			box.scrollTop = y + this.rowHeight + head - box.clientHeight;
		}
		this.top = box.scrollTop;
		this.requestUpdate();
		await this.updateComplete;
		this.querySelector(`tr[aria-rowindex="${index + 2}"] a`)?.focus({ preventScroll: true });
	}

}

customElements.define('windowed-table', WindowedTable);
