# arkv.bash - completion of arkv(1) for bash. Commands and options come from `arkv debug options`, so
# they are always those of the installed tool; archives and sources from the repository, when a
# password is set in the environment (nobody is asked for one here).

_arkv_tool() {
	command "${COMP_WORDS[0]:-arkv}" "$@" 2>/dev/null </dev/null
}

# The tool's tables, read once a shell.
_arkv_read() {
	[[ -n ${_arkv_table-} ]] || _arkv_table=$(_arkv_tool debug options)
}

# What follows from the words in front: the command ("key add"), and in args its arguments so far.
_arkv_parse() {
	local i word skip=
	command_words='' args=() repo=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ -n $skip ]]; then
			[[ $word == = ]] && continue
			[[ $skip == repo ]] && repo=(-r "$word")
			skip=
		elif [[ $word == -?* ]]; then
			_arkv_takes "${command_words:-version}" "$word" && skip=other
			[[ $word == -r || $word == --repo ]] && skip=repo
		elif [[ -z $command_words || $_arkv_table == *$'\n'"command"$'\t'"$command_words "* &&
			${#args[@]} == 0 ]]; then
			_arkv_command "$word"
		else
			args+=("$word")
		fi
	done
}

# Appends a word to the command, whose aliases it knows too.
_arkv_command() {
	local kind words aliases
	while IFS=$'\t' read -r kind words aliases; do
		[[ $kind == command ]] || continue
		if [[ $words == "${command_words:+$command_words }$1" ||
			-z $command_words && " $aliases " == *" $1 "* ]]; then
			command_words=$words
			return
		fi
	done <<<"$_arkv_table"
	args+=("$1")
}

# True when option $2 of command $1 takes an argument.
_arkv_takes() {
	local kind words long short arg
	while IFS=$'\t' read -r kind words long short arg; do
		if [[ $kind == option && $words == "$1" && ($long == "$2" || $short == "$2") ]]; then
			[[ -n $arg ]]
			return
		fi
	done < <(sed 's/\t\t/\t-\t/g; s/\t$//' <<<"$_arkv_table")
	return 1
}

_arkv_options() {
	awk -F '\t' -v c="$1" '$1 == "option" && $2 == c { print $3; print $4 }' <<<"$_arkv_table"
}

_arkv_subcommands() {
	awk -F '\t' -v c="${1:+$1 }" '$1 == "command" && index($2, c) == 1 {
		rest = substr($2, length(c) + 1); if (rest !~ / /) print rest }' <<<"$_arkv_table"
}

_arkv_listed() {
	[[ -n ${ARKV_PASSWORD-}${ARKV_PASSWORD_FILE-}${ARKV_PASSWORD_COMMAND-}${ARKV_KEY_FILE-} ]] &&
		_arkv_tool "${repo[@]}" archives --json | sed -n "s/.*\"$1\":\"\\([^\"\\\\]*\\)\".*/\\1/p" |
		sort -u
}

_arkv_archives() {
	echo latest
	_arkv_listed archive | cut -c 1-8
}

_arkv_values() {
	case $1 in
	--progress) echo auto always never ;;
	--on-conflict) echo fail skip replace newer ;;
	--encryption) echo xchacha20-poly1305 none ;;
	--duplicates) echo last fail ;;
	--compression) echo auto zstd:1 zstd:3 zstd:9 zstd:19 ;;
	--type) echo string hash list set zset stream module function jsvalue bins table ;;
	--ttl) echo none any ;;
	--permissions) echo all no-delete write-only read-only ;;
	-a | --archive) echo all && _arkv_archives ;;
	-s | --source) _arkv_listed source ;;
	-t | --to) echo jsonl: dir: ;;
	-r | --repo | --cache-dir | --spool) compgen -d -- "$cur" ;;
	*) compgen -f -- "$cur" ;;
	esac
}

_arkv_arguments() {
	case $command_words in
	cat | restore | export)
		if ((${#args[@]} == 0)); then _arkv_archives; elif [[ $command_words == export ]]; then
			echo jsonl: dir:
		fi ;;
	ls | tree | stats | verify) _arkv_archives ;;
	backup) echo jsonl: dir: ;;
	help) _arkv_subcommands "${args[*]}" ;;
	'key import' | 'debug dump') compgen -f -- "$cur" ;;
	*) _arkv_subcommands "$command_words" ;;
	esac
}

_arkv() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local command_words args repo words
	_arkv_read
	_arkv_parse
	[[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD - 2]}
	[[ $cur == = ]] && cur=
	if [[ $prev == : || $cur == : ]]; then # behind jsonl: and dir:
		[[ $cur == : ]] && cur=
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
	fi
	if [[ $prev == -?* ]] && _arkv_takes "${command_words:-version}" "$prev"; then
		words=$(_arkv_values "$prev")
	elif [[ $cur == -* ]]; then
		words=$(_arkv_options "${command_words:-version}")
	else
		words=$(_arkv_arguments)
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
	[[ ${COMPREPLY[*]} == *: ]] && compopt -o nospace 2>/dev/null
}

complete -o filenames -F _arkv arkv
