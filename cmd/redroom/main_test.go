package main_test

import (
	"testing"

	"redroom/server/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }
