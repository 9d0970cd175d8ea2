"""banned.py - calls and words that have no place in a part of the tree, and what to write instead.

Each rule: folders it holds for, files it does not hold for, the words, the way out. A word followed
by "(" is a call; one that ends in "*" is the beginning of a name; all others are plain words.
Members (s->ops->open) are not meant, nor are comments and strings.
"""
import re

from lint import bare

EVERYWHERE = ("format", "libarchive-kv", "backends", "cli")
LIBRARY = ("libarchive-kv", "backends")

RULES = [
    (EVERYWHERE, (), "strcpy( strcat( stpcpy( strncpy( strncat( gets(",
     "write through struct ark_wr, struct ark_buf or snprintf"),
    (EVERYWHERE, (), "sprintf( vsprintf(", "snprintf with the size of the buffer"),
    (EVERYWHERE, (), "strtok(", "walk with struct ark_rd, or strtok_r"),
    (EVERYWHERE, (), "atoi( atol( atoll( atof( sscanf(",
     "strtoull with a look at errno and the end pointer"),
    (EVERYWHERE, (), "rand( srand( random( srandom( drand48(", "rand.h, the one door to chance"),
    (EVERYWHERE, (), "alloca( setjmp( longjmp(", "memory with an owner; an enum ark_rc"),
    (("format",), (),
     "malloc( calloc( realloc( reallocarray( free( strdup( asprintf( FILE printf( fprintf( puts( "
     "fopen( fread( fwrite( fputs( read( write( open( close( mmap( getenv( sodium_* crypto_* "
     "randombytes* ZSTD_* pthread_* mdb_* EVP_* json_*",
     "format/ turns bytes into structs and does nothing else; do it in libarchive-kv/"),
    (LIBRARY, (), "printf( vprintf( puts( putchar( perror( stdout stderr warn( warnx( err( errx(",
     "the library never prints: fill struct ark_err, report through the job's callback, or trace"),
    # rand.c: where the system gives no random bytes, nothing safe can follow.
    (LIBRARY, ("libarchive-kv/rand.c",), "exit( _exit( _Exit( quick_exit( abort(",
     "the library never ends the program: return an enum ark_rc; assert for our own mistakes"),
    (LIBRARY, (), "getenv( secure_getenv(", "the tool reads the environment and hands it over"),
    (LIBRARY, ("libarchive-kv/clock.c",),
     "time( clock_gettime( gettimeofday( nanosleep( clock_nanosleep( usleep( sleep(",
     "clock.h, the one door to time"),
    # crypt, keys and secret make keys and nonces, which no test may foresee.
    (LIBRARY, ("libarchive-kv/rand.c", "libarchive-kv/crypt.c", "libarchive-kv/keys.c",
               "libarchive-kv/secret.c"),
     "randombytes* getrandom( getentropy(", "rand.h, the one door to chance"),
    (LIBRARY, ("libarchive-kv/pipeline.c",), "pthread_create( thrd_create(",
     "pipeline.h, which owns all threads"),
    (EVERYWHERE, (), "signal(", "sigaction"),
]

TYPEDEF = re.compile(r"\btypedef\s+(struct|union|enum)\b[^;(]*[;{]")
BIT_FIELD = re.compile(r"^\s+(?:const\s+)?(?:unsigned|signed|u?int\w*|bool|enum \w+)(?: \w+)*"
                       r"\s+\w+\s*:\s*\d+\s*;")


def compiled(rule):
    folders, files, words, instead = rule
    parts = []
    for word in words.split():
        if word.endswith("("):
            parts.append(re.escape(word[:-1]) + r"(?=\s*\()")
        elif word.endswith("*"):
            parts.append(re.escape(word[:-1]) + r"\w*")
        else:
            parts.append(re.escape(word) + r"\b")
    return folders, files, re.compile(r"(?<![\w.>])(" + "|".join(parts) + ")"), instead


COMPILED = [compiled(rule) for rule in RULES]


def check(tree, _args):
    for path in tree.code():
        top = path.split("/")[0]
        for number, line in enumerate(bare(tree.text(path)).split("\n"), 1):
            for folders, files, words, instead in COMPILED:
                if top not in folders or path in files:
                    continue
                for m in words.finditer(line):
                    yield path, number, f"{m.group(1)} is banned here: {instead}"
            if TYPEDEF.search(line):
                yield path, number, "struct, union and enum keep their tag: no typedef"
            if BIT_FIELD.match(line):
                yield path, number, "a bit-field: use a bool or a mask"


SAMPLES = [
    ("strcpy is found everywhere", {"cli/a.c": "\tstrcpy(a, b);\n"}, 1),
    ("malloc in format/ is found", {"format/a.c": "\n\tx = malloc(3);\n"}, 2),
    ("zstd in format/ is found", {"format/a.c": "\tZSTD_decompress(a, b, c, d);\n"}, 1),
    ("printing in the library is found", {"libarchive-kv/a.c": '\tfprintf(stderr, "x");\n'}, 1),
    ("exit in a backend is found", {"backends/stores/a.c": "\tif (x) exit(1);\n"}, 1),
    ("time outside its door is found", {"libarchive-kv/a.c": "\tt = time(NULL);\n"}, 1),
    ("time inside its door passes", {"libarchive-kv/clock.c": "\tt = time(NULL);\n"}, None),
    ("a thread outside pipeline.c is found", {"libarchive-kv/a.c": "\tpthread_create(&t);\n"}, 1),
    ("a typedef of a struct is found", {"format/a.h": "typedef struct a a_t;\n"}, 1),
    ("a bit-field is found", {"format/a.h": "struct a {\n\tunsigned int b : 3;\n};\n"}, 2),
    ("members, comments and strings pass",
     {"format/a.c": '\ts->ops->open(s); /* malloc(1) */\n\tx.free(s); f("read(1)");\n'}, None),
    ("snprintf passes", {"libarchive-kv/a.c": "\tsnprintf(a, sizeof a, b);\n"}, None),
]
