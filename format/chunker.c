/* chunker.c - see chunker.h. */
#include "format/chunker.h"

struct arkf_chunker arkf_chunker_default(void)
{
	return (struct arkf_chunker){
		.inline_max = 1024, .cdc_min = 65536, .cdc_avg = 262144, .cdc_max = 1048576
	};
}

enum ark_rc arkf_chunker_check(const struct arkf_chunker *sizes, const char *what,
			       struct ark_err *err)
{
	if (sizes->inline_max > ARKF_CHUNKER_INLINE_MAX)
		return ark_fail(err, ARK_LIMIT, "%s: values inline up to %u bytes, %d at most",
				what, (unsigned)sizes->inline_max, ARKF_CHUNKER_INLINE_MAX);
	if (sizes->cdc_min < ARKF_CHUNKER_CDC_MIN || sizes->cdc_max > ARKF_CHUNKER_CDC_MAX)
		return ark_fail(err, ARK_LIMIT,
				"%s: chunks of %u to %u bytes, %d to %d are allowed", what,
				(unsigned)sizes->cdc_min, (unsigned)sizes->cdc_max,
				ARKF_CHUNKER_CDC_MIN, ARKF_CHUNKER_CDC_MAX);
	if (sizes->inline_max > sizes->cdc_max)
		return ark_fail(err, ARK_CORRUPT,
				"%s: values inline up to %u bytes, chunks up to %u", what,
				(unsigned)sizes->inline_max, (unsigned)sizes->cdc_max);
	if (sizes->cdc_min > sizes->cdc_avg || sizes->cdc_avg > sizes->cdc_max)
		return ark_fail(err, ARK_CORRUPT, "%s: chunk sizes %u, %u, %u do not ascend", what,
				(unsigned)sizes->cdc_min, (unsigned)sizes->cdc_avg,
				(unsigned)sizes->cdc_max);
	return ARK_OK;
}

void arkf_chunker_encode(struct ark_wr *wr, const struct arkf_chunker *sizes)
{
	ark_wr_u32(wr, sizes->inline_max);
	ark_wr_u32(wr, sizes->cdc_min);
	ark_wr_u32(wr, sizes->cdc_avg);
	ark_wr_u32(wr, sizes->cdc_max);
}

void arkf_chunker_decode(struct ark_rd *rd, struct arkf_chunker *out)
{
	out->inline_max = ark_rd_u32(rd);
	out->cdc_min = ark_rd_u32(rd);
	out->cdc_avg = ark_rd_u32(rd);
	out->cdc_max = ark_rd_u32(rd);
}

void arkf_chunker_dump(struct arkf_dump *d)
{
	arkf_dump_u32(d, "inline_max");
	arkf_dump_u32(d, "cdc_min");
	arkf_dump_u32(d, "cdc_avg");
	arkf_dump_u32(d, "cdc_max");
}
