"""German: the vocabulary of German textbooks, without addressing the reader.

A formula or a number in a brace may be anything, so no ending hangs on it; a layer's name stands alone or in parentheses.
"""

WORDS = {
    # Titles
    "title": "Fehlerrückführung Schritt für Schritt: {name}",
    "title.network": "ein {sizes}-Netz",
    "title.step": ", Schritt {number}",
    "later.title": "Schritt {number}",
    # Layers
    "layer.input": "Eingabeschicht",
    "layer.hidden": "verborgene Schicht",
    "layer.hidden_number": "verborgene Schicht {number}",
    "layer.output": "Ausgabeschicht",
    # The network
    "network.title": "Das Netz",
    "network.intro": "Schichten mit Gewichten: {layers}. Zu lernende Zahlen: {parameters}.",
    "network.layer": "Schicht",
    "network.units": "Neuronen",
    "network.activation": "Aktivierung",
    "network.parameters": "Parameter",
    "network.shape": "Form",
    "network.alt": "Ein Netz aus {sizes} Neuronen, Schicht für Schicht gezeichnet.",
    "network.numbering.rows": "Die Gewichte sind Neuron für Neuron nummeriert, in der Reihenfolge der Eingänge; eine Spalte einer "
    "Gewichtsmatrix führt in ein Neuron.",
    "network.numbering.columns": "Die Gewichte sind Neuron für Neuron nummeriert, in der Reihenfolge der Eingänge; eine Zeile einer "
    "Gewichtsmatrix führt in ein Neuron.",
    "network.drawn": "{weight} wurde mit dem Startwert {seed} ausgelost: {how}.",
    "initializer.constant": "{name}, jedes Gewicht ist {value}",
    "initializer.uniform": "{name}, gleichverteilt zwischen {low} und {high}, dabei ist {where}",
    "initializer.normal": "{name}, normalverteilt mit Mittelwert {mean} und Standardabweichung {deviation}, dabei ist {where}",
    "initializer.orthogonal": "{name}, eine zufällige orthogonale Matrix mal {gain}",
    "initializer.other": "{name}",
    "initializer.where": "Eingänge = {inputs}, Neuronen = {units}",
    "initializer.inputs": "Eingänge",
    "initializer.units": "Neuronen",
    "conventions": "Vereinbarungen: Der Fehler eines Beispiels ist {outputs} seine Ausgaben, der eines Stapels {batch} seine Beispiele, im "
    "Verlust wie im Gradienten. Vektoren sind {vectors}. Zahlen, die nicht vollständig dastehen, sind auf {digits} gültige Ziffern gerundet "
    "und folgen auf ≈, außer in Tabellen.",
    "conventions.outputs.sum": "die Summe über",
    "conventions.outputs.mean": "der Mittelwert über",
    "conventions.batch.mean": "der Mittelwert über",
    "conventions.batch.sum": "die Summe über",
    "conventions.rows": "Zeilen",
    "conventions.columns": "Spalten",
    # The data
    "data.title": "Die Daten",
    "data.one": "Ein Beispiel: seine Eingaben und sein Zielwert.",
    "data.many": "{samples} Beispiele: ihre Eingaben und ihre Zielwerte.",
    "data.sample": "Beispiel",
    "data.more": "Der Stapel enthält {left} weitere Beispiele.",
    "data.wide": "Jedes hat {inputs} Eingaben und {outputs} Zielwerte, zu viele, um sie hier zu drucken; `-o step.json` schreibt jede Zahl.",
    # The forward pass
    "forward.title": "Vorwärtsdurchlauf",
    "forward.intro": "Die Eingaben werden mit den Gewichten multipliziert und die Ergebnisse an die nächste Schicht weitergereicht.",
    "forward.matrices": "In Matrizen",
    "forward.scalars": "In einzelnen Zahlen",
    "forward.scalars_of": "In einzelnen Zahlen, für Beispiel {sample} von {samples}",
    "forward.more": "Auf dieselbe Weise werden {left} weitere Neuronen berechnet; `--weight` zeigt jedes einzelne.",
    "functions.intro": "Die Aktivierungsfunktionen und ihre Ableitungen:",
    # The error
    "error.title": "Fehler",
    "error.intro": "Wie weit die Vorhersage vom Zielwert entfernt ist, misst die Verlustfunktion ({loss}):",
    "expanded.title": "Die Vorhersage, in ihre Gewichte zerlegt",
    "expanded.intro": "Der Zielwert ist gegeben und kann sich nicht ändern. Damit der Fehler sinkt, muss sich die Vorhersage ändern; und sie "
    "besteht aus den Eingaben, die ebenfalls gegeben sind, und den Gewichten:",
    "expanded.outro": "Die Frage ist also, wie jedes Gewicht zu ändern ist, damit der Fehler sinkt. Die Fehlerrückführung beantwortet sie.",
    # Gradient descent
    "descent.title": "Gradientenabstieg und Lernregel",
    "descent.intro": "Der Gradient sagt, in welcher Richtung und wie steil der Fehler {error} steigt, wenn ein Gewicht wächst. Ein "
    "Optimierungsverfahren geht einen Schritt in die Gegenrichtung:",
    "descent.outro": "Die Lernrate wird nicht gelernt, sondern gewählt. Was eine Wahl bewirkt, steht am Ende.",
    # The chain rule
    "chain.title": "Die Kettenregel, für jedes Gewicht",
    "chain.intro": "Jeder Faktor ist die Ableitung einer Größe nach der nächsten auf dem Weg vom Fehler zurück zum Gewicht; ein Gradient ist "
    "ihr Produkt, summiert über alle Wege, die es gibt.",
    "chain.recursive": "Vom Fehler zu einem Gewicht führen viele Wege, und sie haben die meisten Schritte gemeinsam. Deshalb wird die Ableitung "
    "nach jedem Neuron einmal berechnet, aus denen der Neuronen hinter ihm, und für alles vor ihm verwendet:",
    "chain.more": "Auf dieselbe Weise folgen {left} weitere; `--weight` zeigt jedes einzelne Gewicht.",
    "chain.shares": "Was jedes Beispiel beiträgt",
    "chain.shares_intro": "Der Gradient des Stapels ist die Summe der Beiträge seiner Beispiele:",
    "chain.sample": "Beispiel {sample}",
    "chain.penalty": "Strafterm",
    "chain.sum": "Summe",
    "chain.more_samples": "In der Summe stecken {left} weitere Beispiele.",
    "theorem.softmax_cross_entropy": "Softmax und Kreuzentropie haben zusammen eine kurze Ableitung: Für jedes Beispiel ist die Ableitung des "
    "Verlusts nach {z} gleich {result}, weil sich die Zielwerte eines Beispiels zu 1 summieren.",
    "theorem.sigmoid_binary_cross_entropy": "Sigmoid und binäre Kreuzentropie haben zusammen eine kurze Ableitung: Für jedes Beispiel ist die "
    "Ableitung des Verlusts nach {z} gleich {result}.",
    "theorem.proof": "Der lange Weg ergibt dasselbe. Für Beispiel 1, als Summe über die Ableitungen nach jeder Ausgabe:",
    # Update formulas
    "formulas.title": "Alle Lernregeln",
    "formulas.intro": "Mit ausgeschriebenen Gradienten:",
    # Matrix form
    "matrix.title": "Fehlerrückführung in Matrizen",
    "matrix.intro": "Dasselbe für alle Gewichte auf einmal, vom Fehler aus rückwärts:",
    "matrix.update": "Und die neuen Parameter:",
    # New weights
    "weights.title": "Die neuen Gewichte",
    "weights.intro": "Alle Gradienten wurden mit den alten Gewichten berechnet; erst jetzt wird jedes Gewicht ersetzt.",
    "weights.more": "Auf dieselbe Weise werden {left} weitere Gewichte ersetzt; `--weight` zeigt jedes einzelne.",
    "weights.matrices": "In Matrizen",
    "weights.frozen": "Unverändert, weil das Netz es so vorgibt: {names}.",
    # Second forward pass
    "second.title": "Der zweite Vorwärtsdurchlauf",
    "second.intro": "Dieselben Eingaben mit den neuen Gewichten:",
    # Outcome
    "outcome.title": "Was der Schritt am Fehler geändert hat",
    "outcome.larger": "Der Fehler war {before} und ist jetzt {after}. Er ist etwa {factor}-mal so groß: Der Schritt war zu lang.",
    "outcome.smaller": "Der Fehler war {before} und ist jetzt {after}. Vorher war er etwa {factor}-mal so groß.",
    "outcome.zero": "Der Fehler war {before} und ist jetzt {after}: Aus diesem Stapel ist nichts mehr zu lernen.",
    "outcome.same": "Der Fehler war {before} und ist jetzt {after}. Nichts hat sich geändert.",
    "outcome.overflow": "Der Fehler war {before} und ist jetzt {after}: Die Zahlen haben den Bereich der Gleitkommazahlen verlassen.",
    "rates.title": "Welche Lernraten ihn senken",
    "rates.lowers": "In diesem Schritt senkt jede Lernrate unter etwa {limit} den Fehler.",
    "rates.all": "In diesem Schritt senkt jede Lernrate, die versucht wurde, den Fehler, bis hinauf zu {most}.",
    "rates.none": "Keine Lernrate, die versucht wurde, senkt den Fehler.",
    "rates.single": "In einem einzelnen Schritt senkt ihn die Lernrate von etwa {rate} am meisten; sie lässt einen Fehler von {error} übrig.",
    "rates.converges": "Das Training konvergiert bis zu einer Lernrate von etwa {limit}; das ergab eine Simulation von {steps} Schritten.",
    "rates.too_large": "Die verwendete Lernrate {rate} ist zu groß: Den Schritt zu wiederholen, bringt den Fehler nicht auf null.",
    "rates.good": "Eine gute Lernrate für diesen Anfang ist {rate}: Sie bringt den Fehler in {steps} Schritten unter 10⁻¹² (auf {error}).",
    "rates.good_so_far": "Eine gute Lernrate für diesen Anfang ist {rate}: Von allen, die {steps} Schritte lang simuliert wurden, kam sie am "
    "tiefsten, auf {error}.",
    # Repeating
    "repeat.title": "Wiederholen, bis der Fehler fast null ist",
    "repeat.intro": "Ein Schritt genügt nicht. Vorwärtsdurchlauf, Fehlerrückführung und Lernregel werden wiederholt; jede Zeile zeigt den "
    "Fehler vor einem Schritt.",
    "repeat.given": "Mit der Lernrate {rate}:",
    "repeat.slow": "Mit der Lernrate {rate} geht es langsam:",
    "repeat.good": "Mit der Lernrate {rate}:",
    "repeat.step": "Schritt",
    "repeat.reached": "Nach {steps} Schritten liegt der Fehler unter 10⁻¹².",
    "repeat.not_reached": "Nach {steps} Schritten liegt der Fehler noch über 10⁻¹²; `chainrule explain --step` zeigt jeden von ihnen.",
    "repeat.overflow": "Bei Schritt {step} verlassen die Zahlen jeden sinnvollen Bereich: Dieser Lauf divergiert.",
    # Overview
    "overview.forward": "Jede Größe wird aus denen vor ihr berechnet:",
    "overview.backward": "Jede Ableitung wird aus denen hinter ihr berechnet, vom Fehler aus rückwärts:",
    "overview.updates": "Wie weit sich jeder Parameter bewegt hat, verglichen mit seiner Größe (euklidische Normen):",
    "overview.quantity": "Größe",
    "overview.shape": "Form",
    "overview.smallest": "kleinste",
    "overview.mean": "Mittelwert",
    "overview.largest": "größte",
    "overview.norm": "Norm",
    "overview.zeros": "Nullen",
    "overview.moved": "bewegt um",
    "overview.share": "Anteil",
    "left_out.title": "Was weggelassen wurde",
    "left_out.overview": "Dies ist eine Übersicht: Von den {parameters} Parametern zeigt sie keinen einzeln. `--weight {weight}` rechnet ein "
    "Gewicht durch, `--detail matrix` zeigt die Matrizen, `-o step.json` schreibt jede Zahl.",
    "left_out.matrix": "Einzelne Zahlen wurden weggelassen. `--detail scalar` schreibt für jedes Gewicht die Kette der Ableitungen aus, "
    "`--weight {weight}` die eines einzelnen.",
    # One weight
    "weight.title": "Das Gewicht {weight}",
    "weight.update": "Der Schritt von {weight}",
    "weight.place": "{weight} führt von Eingang {source} zu Neuron {unit} ({layer}).",
    "weight.bias": "{weight} ist der Schwellenwert (Bias) von Neuron {unit} ({layer}).",
    "weight.paths": "Wege vom Fehler zu diesem Gewicht: {paths}. Jeder Faktor ist die Ableitung einer Größe nach der nächsten:",
    "weight.recursive": "Vom Fehler führen zu viele Wege zu diesem Gewicht, um sie alle aufzuschreiben. Die Ableitung wird Schritt für Schritt "
    "berechnet; wo eine Summe über mehrere Neuronen läuft, stehen die ersten da:",
    "weight.forward": "Woran es beteiligt ist, für das erste Beispiel",
    "weight.update_intro": "Mit diesem Gradienten ersetzt das Optimierungsverfahren {weight}:",
    # Formulas
    "if": "wenn",
    "otherwise": "sonst",
    # Notes
    "note.insight": "Merke",
    "note.warning": "Achtung",
    "note.more": "Weggelassen",
    # Stepping through
    "stepping": "Abschnitt {number} von {count} · ← → blättern, Pos1 und Ende, q beendet",
    "contents": "Inhalt",
}
