/* gen_text.c - the list of words, and how text is appended. */
#include "tests/bench/gen_text.h"

#include "tests/bench/gen_rand.h"

static const char common_words[] =
	"the of and to in for is on that by this with you it not or be are from at as your all "
	"have new more an was we will home can us about if page my has search free but our one "
	"other do no information time they site he up may what which their news out use any there "
	"see only so his when contact here business who web also now help get view online first "
	"been would how were services some these click its like service than find price date back "
	"top people had list name just over state year day into email two health world next used "
	"go work last most products music buy data make them should product system post her city "
	"add policy number such please available copyright support message after best software "
	"then good video well where info rights public books high school through each links she "
	"review years order very privacy book items company read group need many user said does "
	"set under general research university january mail full map reviews program life know "
	"games way days management part could great united hotel real item international center "
	"ebay must store travel comments made development report off member details line terms "
	"before hotels did send right type because local those using results office education "
	"national car design take posted internet address community within states area want phone "
	"shipping reserved subject between forum family long based code show even black check "
	"special prices website index being women much sign file link open today technology south "
	"case project same pages version section own found sports house related security both "
	"county american photo game members power while care network down computer systems three "
	"total place end following download him without per access think north resources current "
	"posts big media law control water history pictures size art personal since including "
	"guide shop directory board location change white text small rating rate government";

static const char syllables[32][5] = {
	"ba",  "con", "der", "el",   "fi",   "gra", "hu",  "in",  "jo", "ka",  "lum",
	"mer", "no",  "or",  "pra",  "qui",  "ra",  "sen", "ta",  "un", "ver", "wen",
	"xi",  "yo",  "zen", "tion", "ment", "ly",  "er",  "est", "ol", "ard",
};

static void make_word(struct gen_words *words, size_t at, struct gen_rand *r)
{
	struct ark_wr wr = ark_wr(words->text[at], GEN_WORD_MAX);
	uint64_t count = 2 + gen_next(r) % 3;

	for (uint64_t i = 0; i < count; i++)
		gen_put_text(&wr, syllables[gen_next(r) % 32]);
	words->len[at] = (uint8_t)wr.len;
}

static void make_pick(struct gen_words *words)
{
	double total = 0, sum = 0;
	size_t from = 0;

	for (int i = 0; i < GEN_WORD_COUNT; i++)
		total += 1.0 / (i + 4);
	for (int i = 0; i < GEN_WORD_COUNT; i++) {
		sum += 1.0 / (i + 4);
		size_t end = i == GEN_WORD_COUNT - 1 ? 65536 : (size_t)(sum / total * 65536);

		for (; from < end; from++)
			words->pick[from] = (uint16_t)i;
	}
}

void gen_words_init(struct gen_words *words)
{
	struct gen_rand r = { 12345 };
	const char *common = common_words;

	for (size_t i = 0; i < GEN_WORD_COUNT; i++) {
		size_t len = strcspn(common, " ");

		if (len == 0) {
			make_word(words, i, &r);
			continue;
		}
		memcpy(words->text[i], common, len);
		words->len[i] = (uint8_t)len;
		common += common[len] ? len + 1 : len;
	}
	make_pick(words);
}

void gen_put_text(struct ark_wr *wr, const char *text)
{
	ark_wr_bytes(wr, ark_span_str(text));
}

void gen_put_char(struct ark_wr *wr, char c)
{
	ark_wr_u8(wr, (uint8_t)c);
}

void gen_put_word(struct ark_wr *wr, const struct gen_words *words, uint64_t random)
{
	size_t at = words->pick[random & 0xffff];

	ark_wr_bytes(wr, ark_span(words->text[at], words->len[at]));
}

static void put_base(struct ark_wr *wr, uint64_t v, unsigned int base, size_t digits)
{
	char text[20];

	for (size_t i = digits; i-- > 0; v /= base)
		text[i] = "0123456789abcdef"[v % base];
	ark_wr_bytes(wr, ark_span(text, digits));
}

void gen_put_number(struct ark_wr *wr, uint64_t v)
{
	size_t digits = 1;

	for (uint64_t rest = v; rest > 9; rest /= 10)
		digits++;
	put_base(wr, v, 10, digits);
}

void gen_put_digits(struct ark_wr *wr, uint64_t v, size_t digits)
{
	put_base(wr, v, 10, digits);
}

void gen_put_hex(struct ark_wr *wr, uint64_t v, size_t digits)
{
	put_base(wr, v, 16, digits);
}

void gen_put_date(struct ark_wr *wr, uint64_t random)
{
	gen_put_text(wr, "2025-");
	gen_put_digits(wr, 1 + (random & 0xff) % 12, 2);
	gen_put_char(wr, '-');
	gen_put_digits(wr, 1 + (random >> 8 & 0xff) % 28, 2);
	gen_put_char(wr, 'T');
	gen_put_digits(wr, (random >> 16 & 0xff) % 24, 2);
	gen_put_char(wr, ':');
	gen_put_digits(wr, (random >> 24 & 0xff) % 60, 2);
	gen_put_char(wr, ':');
	gen_put_digits(wr, (random >> 32 & 0xff) % 60, 2);
	gen_put_char(wr, 'Z');
}
