/**
 * Emoji by their names, English and German: those that people use at work.
 * Loaded when somebody begins a name.
 * @module
 */

/** @typedef {{character: string, names: string[]}} Emoji */

const TABLE = `
😀 grinning grinsen|😃 smiley lachen|😄 smile lächeln|😁 grin strahlen|😆 laughing gelächter|😅 sweat_smile schweißlächeln|😂 joy freudentränen|🤣 rofl kugeln
🙂 slight_smile leichtes_lächeln|🙃 upside_down kopfüber|😉 wink zwinkern|😊 blush erröten|😇 innocent unschuldig|😍 heart_eyes verliebt|🥰 loved geliebt|😘 kiss kuss
😋 yum lecker|😛 tongue zunge|😜 crazy verrückt|🤔 thinking nachdenken|🤨 raised_eyebrow augenbraue|😐 neutral neutral|😑 expressionless ausdruckslos|😶 no_mouth sprachlos
🙄 eye_roll augenrollen|😏 smirk schmunzeln|😬 grimace grimasse|😌 relieved erleichtert|😔 pensive bedrückt|😴 sleeping schlafen|🥱 yawn gähnen|😷 mask maske
🤒 sick krank|🤕 hurt verletzt|🤧 sneeze niesen|🥵 hot heiß|🥶 cold kalt|😵 dizzy schwindlig|🤯 mind_blown umgehauen|🥳 party feiern
😎 cool cool|🤓 nerd nerd|🧐 monocle monokel|😕 confused verwirrt|😟 worried besorgt|🙁 frown stirnrunzeln|😮 surprised überrascht|😲 astonished erstaunt
😳 flushed verlegen|🥺 pleading flehen|😢 cry weinen|😭 sob heulen|😱 scream schrei|😖 confounded verzweifelt|😞 disappointed enttäuscht|😓 sweat schwitzen
😩 weary erschöpft|😫 tired müde|😤 triumph schnauben|😠 angry wütend|😡 rage zornig|🤬 swearing fluchen|😈 devil teufel|💀 skull totenkopf
💩 poop haufen|🤡 clown clown|👻 ghost gespenst|👽 alien außerirdischer|🤖 robot roboter|🙈 see_no_evil nichts_sehen|🙉 hear_no_evil nichts_hören|🙊 speak_no_evil nichts_sagen
❤️ heart herz|🧡 orange_heart oranges_herz|💛 yellow_heart gelbes_herz|💚 green_heart grünes_herz|💙 blue_heart blaues_herz|💜 purple_heart lila_herz|🖤 black_heart schwarzes_herz|💔 broken_heart gebrochenes_herz
💯 hundred hundert|💥 boom knall|💫 dizzy_star sternchen|💦 drops tropfen|💨 dash schnell|💬 speech sprechblase|💭 thought gedanke|💤 zzz schnarchen
👋 wave winken|✋ raised_hand hand|🖐️ five fünf|👌 ok_hand okay|🤏 pinch bisschen|✌️ victory sieg|🤞 fingers_crossed daumen_drücken|🤙 call_me ruf_an
👈 point_left links_zeigen|👉 point_right rechts_zeigen|👆 point_up hoch_zeigen|👇 point_down runter_zeigen|☝️ index_up zeigefinger|👍 thumbs_up +1 daumen_hoch|👎 thumbs_down -1 daumen_runter|✊ fist faust
👊 punch stoß|👏 clap klatschen|🙌 raised_hands hurra|👐 open_hands offene_hände|🤝 handshake handschlag|🙏 pray thanks bitte danke|✍️ writing schreiben|💪 muscle stark
🧠 brain gehirn|👀 eyes augen|👁️ eye auge|👂 ear ohr|🗣️ speaking sprechen|👤 person_icon person|👥 people leute|🤷 shrug achselzucken
🤦 facepalm kopfschütteln|🙋 raising_hand melden|🙇 bow verbeugen|💁 info_desk auskunft|🙅 no_good geht_nicht|🙆 ok_gesture geht|🏃 running laufen|🚶 walking gehen
👨‍💼 businessman geschäftsmann|👩‍💼 businesswoman geschäftsfrau|👨‍⚖️ judge richter|👩‍⚖️ woman_judge richterin|👨‍💻 coder programmierer|👩‍💻 woman_coder programmiererin|👮 police polizei|🕵️ detective detektiv
🐶 dog hund|🐱 cat katze|🐭 mouse maus|🐰 rabbit hase|🦊 fox fuchs|🐻 bear bär|🐂 bull bulle|🐷 pig schwein
🐸 frog frosch|🐵 monkey affe|🐔 chicken huhn|🐧 penguin pinguin|🦅 eagle adler|🦉 owl eule|🐝 bee biene|🐛 bug käfer
🐢 turtle schildkröte|🐍 snake schlange|🐙 octopus krake|🐠 fish fisch|🐬 dolphin delfin|🐳 whale wal|🦈 shark hai|🐘 elephant elefant
🌸 blossom blüte|🌹 rose rose|🌻 sunflower sonnenblume|🌲 tree baum|🌵 cactus kaktus|🍀 four_leaf_clover kleeblatt|🍁 maple_leaf ahorn|🍂 leaves laub
🌍 earth erde|🌙 moon mond|☀️ sun sonne|⭐ star stern|🌟 glowing_star leuchtender_stern|⚡ lightning blitz|🔥 fire feuer|🌈 rainbow regenbogen
☁️ cloud wolke|🌧️ rain regen|❄️ snow schnee|☔ umbrella regenschirm|🌊 ocean_wave welle|💧 droplet wassertropfen|🌪️ tornado wirbelsturm|🌡️ thermometer thermometer
🍏 green_apple grüner_apfel|🍎 apple apfel|🍌 banana banane|🍓 strawberry erdbeere|🍒 cherries kirschen|🍋 lemon zitrone|🍞 bread brot|🧀 cheese käse
🍔 burger burger|🍟 fries pommes|🍕 pizza pizza|🌭 hotdog würstchen|🥗 salad salat|🍝 pasta nudeln|🍣 sushi sushi|🍰 cake_slice kuchenstück
🎂 birthday_cake geburtstag|🍫 chocolate schokolade|🍪 cookie keks|🍿 popcorn popcorn|☕ coffee kaffee|🍵 tea tee|🍺 beer bier|🍻 cheers prost
🥂 champagne_toast anstoßen|🍷 wine wein|🍾 champagne sekt|🥨 pretzel brezel|🥚 egg ei|🍽️ plate essen|🍴 cutlery besteck|🧂 salt salz
⚽ soccer fußball|🏀 basketball basketball|🎾 tennis tennis|🏆 trophy pokal|🥇 gold_medal gold|🥈 silver_medal silber|🥉 bronze_medal bronze|🎯 target dart ziel
🎲 dice würfel|♟️ chess schach|🎮 game spiel|🎨 art kunst|🎭 theater theater|🎤 microphone mikrofon|🎧 headphones kopfhörer|🎵 music musik
🎉 tada party_popper konfetti|🎊 confetti_ball konfettiball|🎁 gift geschenk|🎈 balloon luftballon|🎄 christmas_tree weihnachtsbaum|🎅 santa weihnachtsmann|🎃 pumpkin kürbis|🎆 fireworks feuerwerk
🚗 car auto|🚕 taxi taxi|🚌 bus bus|🚆 train zug|🚲 bicycle fahrrad|✈️ airplane flugzeug|🚀 rocket rakete|🚁 helicopter hubschrauber
⛵ sailboat segelboot|🚢 ship schiff|⚓ anchor anker|🚧 construction baustelle|🚦 traffic_light ampel|🛑 stop_sign stoppschild|⛽ fuel tanken|🗺️ map landkarte
🏠 house haus|🏢 office büro|🏦 bank bank|🏛️ court gericht|🏭 factory fabrik|🏗️ crane baukran|🏥 hospital krankenhaus|🏖️ beach strand
⏰ alarm wecker|⏱️ stopwatch stoppuhr|⏳ hourglass sanduhr|⌛ time_up abgelaufen|🕐 clock uhr|📅 calendar kalender|🗓️ spiral_calendar terminkalender|📆 date datum
📈 chart_up aufwärts|📉 chart_down abwärts|📊 bar_chart diagramm|💰 money_bag geldsack|💶 euro euro|💵 dollar dollar|💷 pound pfund|💸 money_wings geld_weg
💳 credit_card kreditkarte|🧾 receipt beleg|💹 stocks aktien|🪙 coin münze|⚖️ scales waage|📜 scroll urkunde|📝 memo notiz|📄 page seite
📃 document dokument|📑 tabs register|📁 folder ordner|📂 open_folder offener_ordner|🗂️ dividers kartei|🗃️ card_file karteikasten|🗄️ cabinet aktenschrank|🗑️ trash papierkorb
📎 paperclip büroklammer|📌 pushpin pinnnadel|📍 pin standort|✂️ scissors schere|📏 ruler lineal|🖊️ pen kugelschreiber|✒️ nib feder|🖋️ fountain_pen füller
📧 email e-mail|✉️ envelope brief|📨 incoming posteingang|📤 outbox postausgang|📥 inbox eingang|📦 package paket|📫 mailbox briefkasten|📣 megaphone megafon
📞 phone telefon|📱 mobile handy|💻 laptop laptop|🖥️ desktop bildschirm|🖨️ printer drucker|⌨️ keyboard tastatur|🖱️ computer_mouse computermaus|💾 floppy speichern
📷 camera kamera|🎥 movie_camera filmkamera|📺 tv fernseher|📻 radio radio|🔋 battery batterie|🔌 plug stecker|💡 bulb idee glühbirne|🔦 flashlight taschenlampe
🔍 search lupe|🔎 search_right lupe_rechts|🔑 key schlüssel|🔒 lock schloss|🔓 unlock offenes_schloss|🔏 signed unterschrieben|🛡️ shield schild|🔐 secured gesichert
🔨 hammer hammer|🔧 wrench schraubenschlüssel|⚙️ gear zahnrad|🧰 toolbox werkzeugkasten|🧲 magnet magnet|🧪 test_tube reagenzglas|🔬 microscope mikroskop|🔗 link verknüpfung
✅ check erledigt|☑️ ballot_check angekreuzt|✔️ tick haken|❌ cross kreuz|❎ cross_button kreuzfeld|➕ plus plus|➖ minus minus|➗ divide geteilt
❓ question frage|❗ exclamation ausrufezeichen|‼️ double_exclamation doppelt|⚠️ warning warnung|⛔ no_entry einfahrt_verboten|🚫 prohibited verboten|🔴 red_circle roter_kreis|🟠 orange_circle oranger_kreis
🟡 yellow_circle gelber_kreis|🟢 green_circle grüner_kreis|🔵 blue_circle blauer_kreis|⚪ white_circle weißer_kreis|⚫ black_circle schwarzer_kreis|🔺 triangle_up dreieck|🔻 triangle_down dreieck_unten|🔶 diamond raute
⬆️ arrow_up pfeil_hoch|⬇️ arrow_down pfeil_runter|⬅️ arrow_left pfeil_links|➡️ arrow_right pfeil_rechts|🔄 refresh aktualisieren|🔁 repeat wiederholen|↩️ back zurück|🔙 back_arrow zurückpfeil
🔔 bell glocke|🔕 no_bell keine_glocke|🔈 speaker lautsprecher|🔇 mute stumm|🆕 new neu|🆗 ok ok|🆘 sos hilfe|ℹ️ information auskunft_zeichen
🇩🇪 germany deutschland|🇦🇹 austria österreich|🇨🇭 switzerland schweiz|🇪🇺 eu europa|🇬🇧 uk großbritannien|🇺🇸 usa vereinigte_staaten|🇫🇷 france frankreich|🇱🇺 luxembourg luxemburg
🏁 finish zielflagge|🚩 flag flagge|🏳️ white_flag weiße_flagge|👑 crown krone|💎 gem diamant|👔 necktie krawatte|💼 briefcase aktentasche|🎓 graduation abschluss
`;

/** @type {readonly Emoji[]} */
export const EMOJI = TABLE.trim()
  .split(/[|\n]/)
  .map((entry) => {
    const [character, ...names] = entry.split(" ");
    return { character, names };
  });
