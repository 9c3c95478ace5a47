// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.hypervisor.GuestInventory;
import io.vmmig.hypervisor.LocalState;
import io.vmmig.report.Notice;
import java.util.ArrayList;
import java.util.List;

/** Changes that others made to a guest at its source after the guest was saved; the move loses them. */
final class LateChanges {
    private static final int MAX_LINES = 3;

    private LateChanges() {}

    /** Compares what the hypervisor stored of the guest when it was saved with what it stores now, before the guest is removed. */
    static List<Notice> between(GuestInventory saved, GuestInventory now) {
        List<Notice> notices = new ArrayList<>();
        String before = saved.definitionXml();
        String after = now.definitionXml();
        if (before == null && after != null) {
            notices.add(notice("definition", "the guest was defined"));
        } else if (before != null && after == null) {
            notices.add(notice("definition", "the guest was undefined"));
        } else if (before != null && after != null && !before.equals(after)) {
            notices.add(notice("definition", "the guest's definition was changed: " + difference(before, after)));
        }
        for (LocalState state : now.localStates()) {
            if (!saved.localStates().contains(state)) {
                notices.add(notice(state.toString(), "the " + state + " was made"));
            }
        }
        return notices;
    }

    private static Notice notice(String subject, String what) {
        return new Notice(
                Notice.Kind.INTERFERENCE,
                subject,
                what + " at the source after the guest had been saved, which has not come to the destination",
                "Do the same at the destination.");
    }

    /** The first lines that differ. */
    private static String difference(String before, String after) {
        List<String> removed = without(before, after);
        List<String> added = without(after, before);
        List<String> words = new ArrayList<>();
        removed.stream().limit(MAX_LINES).forEach(line -> words.add("without " + line));
        added.stream().limit(MAX_LINES).forEach(line -> words.add("with " + line));
        if (removed.size() > MAX_LINES || added.size() > MAX_LINES) {
            words.add("…");
        }
        return words.isEmpty() ? "the order of its elements" : String.join(", ", words);
    }

    private static List<String> without(String lines, String others) {
        List<String> left =
                new ArrayList<>(lines.strip().lines().map(String::strip).toList());
        others.strip().lines().map(String::strip).forEach(left::remove);
        return left;
    }
}
