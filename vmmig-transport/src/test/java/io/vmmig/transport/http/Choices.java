// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import java.util.ArrayList;
import java.util.List;

/**
 * Walks through everything that can happen in a run that asks, at each point where more than one thing can happen, which one does.
 * The first of them is what usually happens; no run has more than so many others.
 */
final class Choices {
    private record Choice(int taken, int of) {}

    private final int mostUnusual;
    private final List<Choice> choices = new ArrayList<>();
    private int position;
    private int unusual;

    Choices(int mostUnusual) {
        this.mostUnusual = mostUnusual;
    }

    /** One of so many: 0 is the usual one. */
    int next(int of) {
        if (position == choices.size()) {
            choices.add(new Choice(0, unusual < mostUnusual ? of : 1));
        }
        int taken = choices.get(position++).taken();
        unusual += taken == 0 ? 0 : 1;
        return taken;
    }

    /** Whether something unusual happens. */
    boolean unusually() {
        return next(2) == 1;
    }

    /** Goes on to the next run; false if there is none. */
    boolean another() {
        position = 0;
        unusual = 0;
        while (!choices.isEmpty()) {
            Choice last = choices.remove(choices.size() - 1);
            if (last.taken() + 1 < last.of()) {
                choices.add(new Choice(last.taken() + 1, last.of()));
                return true;
            }
        }
        return false;
    }

    /** What was chosen in this run. */
    @Override
    public String toString() {
        return choices.toString();
    }
}
