/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fingerprints to be read aloud: one of 256 plain words for each byte.
 */
#include "desk/words.h"

static const char *const words[256] = {
	"acorn", "actor", "album", "amber", "anchor", "angle", "apple", "april", "apron", "arrow",
	"atlas", "autumn", "badge", "bagel", "baker", "bamboo", "banjo", "barrel", "basin",
	"basket", "beacon", "beaver", "bench", "berry", "bishop", "blanket", "bonnet", "border",
	"bottle", "bridge", "broom", "bucket", "butter", "button", "cabin", "cable", "cactus",
	"camel", "camera", "candle", "canoe", "canvas", "carbon", "carpet", "castle", "cedar",
	"cellar", "cherry", "chimney", "circle", "clover", "cobalt", "coffee", "comet", "copper",
	"coral", "cotton", "cradle", "crane", "cricket", "crystal", "curtain", "dagger", "daisy",
	"dancer", "delta", "desert", "diamond", "dinner", "doctor", "dolphin", "donkey", "dragon",
	"drum", "eagle", "easel", "echo", "eleven", "ember", "engine", "falcon", "farmer",
	"feather", "fiddle", "finger", "flag", "flute", "forest", "fossil", "fountain", "fox",
	"galaxy", "garden", "garlic", "ginger", "glacier", "glove", "goblet", "granite", "grape",
	"guitar", "hammer", "harbor", "harvest", "hazel", "helmet", "heron", "hollow", "honey",
	"hotel", "igloo", "indigo", "island", "ivory", "jacket", "jaguar", "jasmine", "jelly",
	"jungle", "kettle", "kingdom", "kitten", "ladder", "lagoon", "lantern", "laurel", "lemon",
	"leopard", "letter", "lily", "lion", "lobster", "lotus", "magnet", "mango", "maple",
	"marble", "meadow", "melon", "meteor", "mirror", "monday", "monkey", "morning", "mosaic",
	"motor", "museum", "mustard", "napkin", "nectar", "needle", "nickel", "north", "novel",
	"nutmeg", "oasis", "ocean", "olive", "onion", "opal", "orange", "orbit", "orchid",
	"otter", "oyster", "paddle", "palace", "panda", "paper", "parrot", "pearl", "pebble",
	"pencil", "pepper", "piano", "pigeon", "pilot", "planet", "pocket", "polar", "pony",
	"potato", "prairie", "prism", "pumpkin", "puzzle", "quartz", "quill", "rabbit", "radio",
	"raven", "ribbon", "river", "robin", "rocket", "ruby", "saddle", "salmon", "sandal",
	"satin", "school", "seven", "shadow", "shelter", "silver", "sixty", "skate", "spider",
	"spring", "stable", "sugar", "summer", "sunset", "table", "tailor", "tango", "teapot",
	"temple", "thunder", "ticket", "tiger", "timber", "tomato", "topaz", "tower", "tractor",
	"trolley", "trumpet", "tulip", "tundra", "tunnel", "turnip", "turtle", "umbrella",
	"uncle", "valley", "vanilla", "vapor", "velvet", "village", "violet", "violin", "wagon",
	"walnut", "walrus", "water", "whale", "wheat", "willow", "window", "winter", "wizard",
	"yellow", "zebra", "zephyr", "zipper",
};

struct pv_slice
pv_words(const uint8_t *digest, size_t n, struct pv_arena *a)
{
	struct pv_buf b = { 0 };
	struct pv_slice s;

	for (size_t i = 0; i < n; i++)
		pv_buf_addf(&b, "%s%s", i == 0 ? "" : " ", words[digest[i]]);
	s = pv_arena_copy(a, pv_buf_slice(&b));
	pv_buf_free(&b);
	return s;
}
