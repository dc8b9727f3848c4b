package servertest

import (
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/browser"
)

// Downloads is where the browser saves files from now on, asking nobody.
func (p *Page) Downloads() (dir string) {
	p.t.Helper()
	dir = p.t.TempDir()
	call(p, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir})
	return dir
}

// Saved waits until the browser has saved a file there, and is what it says.
func (p *Page) Saved(dir, name string) (text string) {
	p.t.Helper()
	p.Until("the file "+name, func() bool {
		octets, err := os.ReadFile(filepath.Join(dir, name))
		text = string(octets)
		return err == nil && text != ""
	})
	return text
}
