// What is wrong with how the page stands there now, a sentence each: text that
// is cut, lies upon other text, or sticks out of the window; controls that
// something lies upon; and with `brackets`, texts of the page's own that its
// dictionary doesn't have. It is called with what people wrote or chose, which
// nobody translates.
(given, brackets) => {
	const wrong = new Set();
	const within = [...document.querySelectorAll("dialog[open], [popover]:popover-open")].at(-1) ?? document.body;
	const called = (element) => {
		const { localName, classList, id } = element;
		return localName + (id ? `#${id}` : "") + [...classList].map((name) => `.${name}`).join("");
	};
	const path = (element) => [element.parentElement, element].filter(Boolean).map(called).join(" > ");

	// What is there for screen readers alone is one pixel large.
	const unseen = (element) => {
		for (let at = element; at && at !== document.documentElement; at = at.parentElement) {
			const { clipPath, overflowX } = getComputedStyle(at);
			if (clipPath !== "none" || (overflowX !== "visible" && at.clientWidth <= 1)) return true;
		}
		return !element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
	};
	// These float above the rest on purpose, and go by themselves or when one leaves them.
	const FLOATS = ".actions, .newer, .word, .completion, .asking, rr-banner, rr-update, .skip, dialog, [popover], [data-floats]";

	const clip = (box, other) => ({
		left: Math.max(box.left, other.left),
		right: Math.min(box.right, other.right),
		top: Math.max(box.top, other.top),
		bottom: Math.min(box.bottom, other.bottom),
	});
	const empty = (box) => box.right - box.left < 1 || box.bottom - box.top < 1;
	const window_ = { left: 0, top: 0, right: innerWidth, bottom: innerHeight };

	/** What of a box is in sight; scrolled tells whether the rest can be scrolled to. */
	const seen = (element, box) => {
		let left = box;
		let scrolled = false;
		let cut;
		for (let at = element; at && at !== document.documentElement; at = at.parentElement) {
			const style = getComputedStyle(at);
			const fixed = style.position === "fixed" || at.matches("dialog, [popover]");
			const x = style.overflowX !== "visible";
			const y = style.overflowY !== "visible";
			if ((x || y) && at !== document.body) {
				const outer = at.getBoundingClientRect();
				const inner = clip(left, { left: x ? outer.left : -Infinity, right: x ? outer.right : Infinity, top: y ? outer.top : -Infinity, bottom: y ? outer.bottom : Infinity });
				// The space that a line ends with hangs over where lines keep their spaces.
				const hangs = getComputedStyle(element).whiteSpaceCollapse === "preserve" ? 12 : 1;
				const wide = inner.left - left.left > 1 || left.right - inner.right > hangs;
				const high = inner.top - left.top > 3 || left.bottom - inner.bottom > 3;
				const can = (overflow) => overflow === "auto" || overflow === "scroll";
				const meant = style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none";
				if (wide && can(style.overflowX)) scrolled = true;
				if (high && can(style.overflowY)) scrolled = true;
				if (!scrolled && !meant && ((wide && !can(style.overflowX)) || (high && !can(style.overflowY)))) cut ??= at;
				left = inner;
			}
			if (fixed) break;
		}
		return { box: left, scrolled, cut };
	};

	// Texts, and where they stand.
	const texts = [];
	const walker = document.createTreeWalker(within, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const node = walker.currentNode;
		const parent = node.parentElement;
		if (!node.data.trim() || parent.closest("script, style, template, noscript, option, textarea, svg") || unseen(parent)) continue;
		const range = document.createRange();
		range.selectNodeContents(node);
		for (const rect of range.getClientRects()) {
			if (rect.width < 1 || rect.height < 1) continue;
			const { box, cut, scrolled } = seen(parent, rect);
			const said = JSON.stringify(node.data.trim().slice(0, 40));
			if (cut) wrong.add(`${said} in ${path(parent)} is cut by ${called(cut)}`);
			else if (!scrolled && (box.left < -1 || box.right > innerWidth + 1)) wrong.add(`${said} in ${path(parent)} sticks out of the window`);
			else if (!scrolled && !empty(box) && (box.bottom > innerHeight + 3 || box.top < -3)) wrong.add(`${said} in ${path(parent)} is out of the window`);
			const shown = clip(box, window_);
			if (!empty(shown)) texts.push({ node, parent, said, box: shown });
		}
	}

	// Two texts in one place.
	texts.sort((a, b) => a.box.top - b.box.top);
	for (let i = 0; i < texts.length; i++) {
		for (let j = i + 1; j < texts.length && texts[j].box.top < texts[i].box.bottom; j++) {
			const [a, b] = [texts[i], texts[j]];
			if (a.node === b.node) continue;
			const both = clip(a.box, b.box);
			if (both.right - both.left < 2 || both.bottom - both.top < 5) continue;
			const floats = [a, b].map(({ parent }) => parent.closest(FLOATS));
			if (floats[0] !== floats[1]) continue;
			wrong.add(`${a.said} in ${path(a.parent)} and ${b.said} in ${path(b.parent)} lie upon each other`);
		}
	}

	// Controls that something lies upon, or that have no place.
	for (const control of within.querySelectorAll("a[href], button, input, select, textarea, summary")) {
		if (unseen(control)) continue;
		const rects = [...control.getClientRects()];
		const { box } = seen(control, rects[0] ?? control.getBoundingClientRect());
		const shown = clip(box, window_);
		// What is scrolled away by half is pressed when it isn't.
		const { width, height } = rects[0] ?? box;
		if (shown.right - shown.left < Math.max(8, width / 2) || shown.bottom - shown.top < Math.max(8, height / 2)) continue;
		const there = document.elementFromPoint((shown.left + shown.right) / 2, (shown.top + shown.bottom) / 2);
		if (!there || control.contains(there) || there.contains(control) || control.labels?.[0]?.contains(there)) continue;
		if (there.closest(FLOATS) !== control.closest(FLOATS)) continue;
		wrong.add(`${path(control)} ${JSON.stringify(control.textContent.slice(0, 30))} lies below ${path(there)}`);
	}

	// Controls that are lower than 32 pixels, or than 44 where fingers press them.
	// What shows up only under the keyboard has no height before.
	const least = matchMedia("(pointer: coarse)").matches ? 44 : 32;
	for (const control of document.querySelectorAll("button, input, select, textarea, nav a")) {
		const { height } = (control.closest("label") ?? control).getBoundingClientRect();
		if (height > 1 && height < least - 0.5 && control.checkVisibility({ opacityProperty: true, visibilityProperty: true })) wrong.add(`${path(control)} is ${height} pixels high, too low to hit`);
	}

	// Nothing but what has rows and columns is wider than its place.
	for (const element of [document.documentElement, ...document.querySelectorAll("*")]) {
		const { overflowX } = getComputedStyle(element);
		const scrolls = element === document.documentElement || overflowX === "auto" || overflowX === "scroll";
		if (!scrolls || element.matches("pre, .table, [data-wide], textarea")) continue;
		const over = element.scrollWidth - element.clientWidth;
		if (over > 1 && element.checkVisibility()) wrong.add(`${called(element)} has ${over} pixels beyond its width`);
	}

	// Lines that one can still find the beginning of the next from.
	for (const content of document.querySelectorAll("rr-message .content")) {
		const ruler = document.createElement("span");
		ruler.style.cssText = "position: absolute; visibility: hidden; inline-size: 68ch";
		content.append(ruler);
		const most = ruler.getBoundingClientRect().width;
		ruler.remove();
		for (const { parent, box, said } of texts) {
			if (content.contains(parent) && box.right - box.left > most + 1) wrong.add(`${said} is a line of more than 68 characters`);
		}
		break; // the type is the same in all
	}

	if (brackets) {
		const theirs = [...given].sort((a, b) => b.length - a.length);
		const strip = (text) => theirs.reduce((left, one) => left.replaceAll(one, ""), text);
		// The page's own words in a text that isn't all in brackets; times and names are Intl's and people's.
		const loose = (text) => {
			let depth = 0;
			let outside = "";
			for (const character of text) {
				if (character === "⟦") depth++;
				else if (character === "⟧") depth = Math.max(0, depth - 1);
				else if (depth === 0) outside += character;
			}
			return strip(outside).replace(/\b(?:[A-Z][a-z]+day|Sun|Mon|Tue|Wed|Thu|Fri|Sat|January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec|AM|PM|at|and|WebTransport|WebSocket|HTTP|TCP|https?|localhost|ms|KiB|Ctrl|Alt|Shift|Enter|Esc)\b/g, "");
		};
		const blocks = new Map();
		for (const { node, parent } of texts) {
			let block = parent;
			while (block.parentElement && getComputedStyle(block).display.startsWith("inline") && !block.matches("button, a, td, th, li")) block = block.parentElement;
			if (!blocks.has(block)) blocks.set(block, new Set());
			blocks.get(block).add(node);
		}
		for (const [block, nodes] of blocks) {
			let text = "";
			const all = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
			while (all.nextNode()) {
				const { parentElement } = all.currentNode;
				const skipped = parentElement.closest("time, bdi, code, pre, .extract, [data-theirs]");
				if (parentElement.closest('rr-message[data-kind="text"] .body')) continue;
				if (nodes.has(all.currentNode) || /[⟦⟧]/.test(all.currentNode.data)) text += skipped && block.contains(skipped) ? "" : all.currentNode.data;
			}
			if (/\p{L}{2}/u.test(loose(text))) wrong.add(`${JSON.stringify(text.trim().slice(0, 80))} in ${path(block)} isn't of the dictionary`);
		}
		for (const element of within.querySelectorAll("[aria-label], [title], [placeholder], [aria-roledescription], [aria-description]")) {
			if (!element.checkVisibility() || element.matches('a[target][title^="http"]')) continue; // where it leads
			for (const name of ["aria-label", "title", "placeholder", "aria-roledescription", "aria-description"]) {
				const text = element.getAttribute(name);
				if (text && /\p{L}{2}/u.test(loose(text))) wrong.add(`${name} ${JSON.stringify(text.slice(0, 80))} of ${path(element)} isn't of the dictionary`);
			}
		}
		const title = document.title;
		if (/\p{L}{2}/u.test(loose(title))) wrong.add(`the title ${JSON.stringify(title)} isn't of the dictionary`);
	}
	return [...wrong];
}
