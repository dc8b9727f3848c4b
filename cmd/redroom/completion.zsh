#compdef redroom
# Completion of redroom for zsh. Nothing of what was typed is run.

_redroom() {
  local word line directive
  local -a args lines names shown space
  for word in "${(@)words[1,CURRENT-1]}" "$PREFIX"; do
    [[ $word == '~' || $word == '~/'* ]] && word=${(q)HOME}${word#'~'}
    args+=("${(Q)word}")
  done
  lines=("${(@f)$("${args[1]}" __complete "${(@)args[2,-1]}" 2>/dev/null)}")
  directive=${lines[-1]#:}
  [[ $directive == <-> ]] || return 1

  for line in "${(@)lines[1,-2]}"; do
    [[ -n $line ]] || continue
    names+=("${line%%$'\t'*}")
    shown+=("${line/$'\t'/  -- }")
  done
  [[ $PREFIX == -*=* ]] && compset -P '*='
  ((directive & 2)) && space=(-S '')
  ((${#names})) && compadd "${(@)space}" -l -d shown -a names && return 0
  ((directive & 4)) && return 1
  _files
}

if [[ $funcstack[1] == _redroom ]]; then
  _redroom
elif (( $+functions[compdef] )); then
  compdef _redroom redroom
fi
