// Text for people. What comes from the registry is foreign: Lit escapes it, and what can't be seen is made visible here.

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\u2028\u2029]/gu;

/** A foreign text, with all that can't be seen, or turns the text around it, written as escapes. */
export function show(text) {
	return String(text).replace(INVISIBLE, (character) => `\\u{${character.codePointAt(0).toString(16)}}`);
}

/** A short form of a long text. */
export function cut(text, length = 80) {
	const shown = show(text);
	return shown.length > length ? shown.slice(0, length) + '…' : shown;
}

/** A duration in the unit that fits it. */
export function duration(milliseconds) {
	const seconds = Math.max(0, Math.round(milliseconds / 1000));
	if (seconds < 100) {
		return `${seconds} s`;
	}
	const minutes = Math.round(seconds / 60);
	if (minutes < 100) {
		return `${minutes} min`;
	}
	const hours = Math.round(minutes / 60);
	return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });

export function time(milliseconds) {
	return clock.format(milliseconds);
}

/** A text with the times in it as the clock of the reader has them. */
export function local(text) {
	return text.replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, (instant) => time(Date.parse(instant)));
}

const numbers = new Intl.NumberFormat('en');

export function number(value) {
	return numbers.format(value);
}

export function bytes(value) {
	const units = ['B', 'KiB', 'MiB', 'GiB'];
	let unit = 0;
	while (value >= 1024 && unit < units.length - 1) {
		value /= 1024;
		unit++;
	}
	return `${unit > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** "1 instance", "2 instances". */
export function count(value, noun) {
	return `${number(value)} ${noun}${value === 1 ? '' : 's'}`;
}

export const STATUSES = {
	UP: { label: 'up', mark: '●' },
	OUT_OF_SERVICE: { label: 'out of service', mark: '◐' },
	DOWN: { label: 'down', mark: '✕' },
	STARTING: { label: 'starting', mark: '◔' },
	UNKNOWN: { label: 'unknown', mark: '?' },
};

export const KINDS = {
	CAME: { label: 'came', mark: '+' },
	CHANGED: { label: 'changed', mark: '~' },
	HELD: { label: 'held', mark: '!' },
	LEFT: { label: 'left', mark: '−' },
	VANISHED: { label: 'vanished', mark: '×' },
};
