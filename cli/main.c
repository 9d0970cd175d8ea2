/* main.c - the tool's entry. */
#include <stdio.h>

int main(void)
{
	puts("arkv " ARKV_VERSION);
	return 0;
}
