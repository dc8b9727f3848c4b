package server_test

import (
	"fmt"
	"testing"

	"redroom/server/servertest"
)

// A link to a message that there isn't says so, once for each time that it is
// followed, and whoever stands at the end goes on reading along.
func TestALinkToNoMessageSaysSoAndReadsOn(t *testing.T) {
	t.Parallel()
	p := servertest.OpenPage(t)
	r := servertest.Start(t)
	anna := r.Admin(t)
	topic := anna.Topic(t, anna.Deal(t, "GeldGeldGeld AG", "all"), "Forderungen", 1)
	post := poster(t, r, anna)
	texts := make([]string, 40)
	for i := range texts {
		texts[i] = fmt.Sprint("Nachricht ", i+1)
	}
	post(topic, texts...)
	signIn(p, r.Plain+"/t/"+topic+"#99999", "anna", servertest.Password)
	connected(p)
	p.Find("StaticText", "There is no such message yet.")
	post(topic, "Und noch eine")
	p.Find("StaticText", "Und noch eine")
	p.Until("the newest to be in sight", func() bool {
		return servertest.Evaluate[bool](p, `(() => {
			const log = document.querySelector("[role=log]");
			return log.scrollHeight > log.clientHeight + 100 && log.scrollHeight - log.scrollTop - log.clientHeight < 5;
		})()`)
	})
	p.Until("what was said in passing to go", func() bool { return p.Count("StaticText", "There is no such message yet.") == 0 })
	servertest.Evaluate[any](p, `location.hash = "#77777"`)
	p.Find("StaticText", "There is no such message yet.")
}
