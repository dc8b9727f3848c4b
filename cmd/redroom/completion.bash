# Completion of redroom for bash, 3.2 and newer. Nothing of what was typed is run.

# __redroom_unquote sets REPLY to a word as the shell would pass it on, and open
# to the quote that isn't closed yet.
__redroom_unquote() {
  local in=$1 c
  REPLY='' open=''
  case $in in "~" | "~/"*) REPLY=$HOME in=${in:1} ;; esac
  while [[ -n $in ]]; do
    c=${in:0:1} in=${in:1}
    if [[ $c == "$open" ]]; then
      open=''
    elif [[ $open == "'" ]]; then
      REPLY+=$c
    elif [[ $c == \\ ]]; then
      REPLY+=${in:0:1} in=${in:1}
    elif [[ $open == '"' || $c != [\'\"] ]]; then
      REPLY+=$c
    else
      open=$c
    fi
  done
}

_redroom() {
  local line=${COMP_LINE:0:COMP_POINT} REPLY open word words=() args=() i
  # A colon ends a word to bash, but not to a topic's name.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if ((i == 0)) || [[ $line == [[:blank:]]* ]]; then
      line=${line#"${line%%[![:blank:]]*}"}
      words+=("")
    fi
    ((${#word} > ${#line})) && word=$line
    words[${#words[@]} - 1]+=$word
    line=${line#"$word"}
  done
  for word in "${words[@]}"; do
    __redroom_unquote "$word"
    args+=("$REPLY")
  done

  local out directive
  out=$("${args[0]}" __completeNoDesc "${args[@]:1}" 2>/dev/null)
  directive=${out##*:}
  [[ $directive == [0-9]* ]] || return
  out=${out%:*}

  local cur=$REPLY done='' name
  [[ $cur == -*=* ]] && cur=${cur#*=}
  # Outside quotes readline only replaces what comes behind the last of these,
  # and an @ itself.
  if [[ -z $open ]]; then
    for ((i = ${#cur}; i > 0; i--)); do
      if [[ ${cur:i-1:1} == [:=@] && $COMP_WORDBREAKS == *"${cur:i-1:1}"* ]]; then
        done=${cur:0:i}
        done=${done%@}
        break
      fi
    done
  fi
  local bang='"\!"'
  COMPREPLY=()
  while IFS='' read -r name; do
    [[ -n $name && $name == "$cur"* ]] || continue
    case $open in
      '') printf -v name %q "${name#"$done"}" ;;
      '"')
        name=${name//\\/\\\\} name=${name//\"/\\\"} name=${name//\$/\\\$} name=${name//\`/\\\`}
        name=${name//!/$bang} # in quotes it would stand for a line of the history
        ;;
      *) [[ $name == *\'* ]] && continue ;;
    esac
    COMPREPLY+=("$name")
  done <<<"$out"

  # Readline closes the quote, unless it sees one there already.
  [[ $open == '"' && ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *\" ]] && COMPREPLY[0]+=\"

  [[ $(type -t compopt) == builtin ]] || return
  if ((directive & 2)); then compopt -o nospace; fi
  if ((!(directive & 4) && ${#COMPREPLY[@]} == 0)); then compopt -o default; fi
}

complete -F _redroom redroom
