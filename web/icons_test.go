package web_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"math"
	"os"
	"testing"

	"redroom/web"
)

// icons are those of whoever installs the page: ui/icon.svg, drawn in pixels.
// What may be cut to any shape has a ground and the mark inside of the circle that
// is always left (a radius of 40 %).
var icons = []struct {
	name   string
	size   int
	mark   float64 // its side, of the whole
	ground bool
}{
	{"icon-192.png", 192, 14. / 16, false},
	{"icon-512.png", 512, 14. / 16, false},
	{"maskable-512.png", 512, 0.5, true},
	{"touch-180.png", 180, 0.6, true},
}

var (
	red   = color.NRGBA{0x9e, 0x1b, 0x32, 0xff}
	paper = color.NRGBA{0xfa, 0xf9, 0xf7, 0xff}
)

// draw is the mark, a square whose corners are rounded by 4 of 14, in the middle.
func draw(size int, mark float64, ground bool) image.Image {
	picture := image.NewNRGBA(image.Rect(0, 0, size, size))
	half := mark / 2 * float64(size)
	corner := mark * 4 / 14 * float64(size)
	for y := range size {
		for x := range size {
			dx := math.Max(math.Abs(float64(x)+0.5-float64(size)/2)-(half-corner), 0)
			dy := math.Max(math.Abs(float64(y)+0.5-float64(size)/2)-(half-corner), 0)
			inside := min(max(corner-math.Hypot(dx, dy)+0.5, 0), 1)
			at := red
			at.A = uint8(math.Round(inside * 255))
			if ground {
				at = over(red, paper, inside)
			}
			picture.SetNRGBA(x, y, at)
		}
	}
	return picture
}

func over(above, below color.NRGBA, part float64) color.NRGBA {
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a)*part + float64(b)*(1-part))) }
	return color.NRGBA{mix(above.R, below.R), mix(above.G, below.G), mix(above.B, below.B), 0xff}
}

// TestIconsAreAsTheyAreDrawn; with REDROOM_ICONS=1 it makes the files anew.
func TestIconsAreAsTheyAreDrawn(t *testing.T) {
	for _, icon := range icons {
		want := draw(icon.size, icon.mark, icon.ground)
		path := "install/" + icon.name
		if os.Getenv("REDROOM_ICONS") == "1" {
			var made bytes.Buffer
			encoder := png.Encoder{CompressionLevel: png.BestCompression}
			if err := encoder.Encode(&made, want); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, made.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		content, err := fs.ReadFile(web.Files, path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := png.Decode(bytes.NewReader(content))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if got.Bounds() != want.Bounds() {
			t.Fatalf("%s is %v, want %v", path, got.Bounds(), want.Bounds())
		}
		for y := range icon.size {
			for x := range icon.size {
				if color.NRGBAModel.Convert(got.At(x, y)) != color.NRGBAModel.Convert(want.At(x, y)) {
					t.Fatalf("%s at %d, %d is %v, want %v; REDROOM_ICONS=1 makes it anew", path, x, y, got.At(x, y), want.At(x, y))
				}
			}
		}
	}
}
