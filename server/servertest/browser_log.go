package servertest

import "strings"

// Message is one message as the page's log shows it.
type Message struct {
	Seq     int64  // 0 while it isn't in the log
	Heading string // the author, and when
	Text    string
	Waiting bool // it says that it is being sent, or waits for the connection
	Trouble string
}

// What an article of the log says, but for its heading, what it answers, its
// buttons, and what is for eyes only, is its message.
const readArticles = `function () {
	const other = "header, [role=article] > a, button, [role=alert], [aria-hidden=true], [hidden]";
	const said = (article) => {
		const texts = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
		let all = "";
		while (texts.nextNode()) if (!texts.currentNode.parentElement.closest(other)) all += texts.currentNode.data;
		return all;
	};
	for (const more of this.querySelectorAll("[role=article] button[aria-expanded=false]")) more.click();
	return [...this.querySelectorAll("[role=article]")].map((article) => ({
		seq: Number(new URL(article.querySelector("header a[href]")?.href ?? "about:blank").hash.slice(1)),
		heading: article.querySelector("header").textContent,
		text: said(article),
		trouble: article.querySelector("[role=alert]:not([hidden])")?.textContent ?? "",
	}));
}`

// Messages are those of the log that the page shows now, none if it shows no
// log. What is folded is unfolded, as by somebody who reads it all.
func (p *Page) Messages() []Message {
	p.t.Helper()
	log, ok := p.one("log", "…")
	if !ok {
		return nil
	}
	messages, err := ask[[]Message](p, log.id, readArticles)
	if err != nil {
		return nil
	}
	for i := range messages {
		m := &messages[i]
		for _, note := range []string{" · sending", " · waiting for the connection"} {
			text, waiting := strings.CutSuffix(m.Text, note)
			m.Text, m.Waiting = text, m.Waiting || waiting
		}
	}
	return messages
}
