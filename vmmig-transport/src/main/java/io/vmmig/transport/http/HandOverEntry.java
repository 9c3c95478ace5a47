// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import io.vmmig.content.Digest;
import io.vmmig.crypto.SignerKey;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.HandOverJournal;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the source of a package records of its hand-over.
 *
 * @param step how far it has come
 * @param index the digest of the index
 * @param parts how many parts there are
 * @param pivot the part that is deleted first when the package is withdrawn: it was sent only once; -1 if there is none
 * @param receiptBy the host without whose receipt nothing is decided; null if the index decides
 */
record HandOverEntry(Step step, Digest index, int parts, int pivot, @Nullable SignerKey receiptBy) {
    /** Recorded before it is done. */
    enum Step {
        /** The index may be at the server, or on its way. */
        SENT,
        /** The server has said that it has the index. */
        CONFIRMED,
        /** Parts may have been deleted: from here on the index makes no package. */
        WITHDRAWN
    }

    private static final Pattern FORM = Pattern.compile(
            "(SENT|CONFIRMED|WITHDRAWN) index sha256:([0-9a-f]{64}) parts ([0-9]{1,6}) pivot (-1|[0-9]{1,6})(?: receipt ([A-Za-z0-9_-]{43}))?");

    HandOverEntry at(Step next) {
        return new HandOverEntry(next, index, parts, pivot, receiptBy);
    }

    /** The same, but the index decides. */
    HandOverEntry withoutReceipt() {
        return new HandOverEntry(step, index, parts, pivot, null);
    }

    /** The latest in that journal; empty if there is none. */
    static Optional<HandOverEntry> latestOf(HandOverJournal journal) throws VmmigException {
        Optional<String> text = journal.latest();
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Matcher form = FORM.matcher(text.get());
        if (!form.matches()) {
            throw VmmigException.of(
                    Problem.JOURNAL_DAMAGED,
                    "the journal of the hand-over has an entry that this vmmig does not understand",
                    "Was it written by a newer one?");
        }
        return Optional.of(new HandOverEntry(
                Step.valueOf(form.group(1)),
                new Digest(form.group(2)),
                Integer.parseInt(form.group(3)),
                Integer.parseInt(form.group(4)),
                form.group(5) == null ? null : SignerKey.parse(form.group(5))));
    }

    /** As it is recorded. */
    @Override
    public String toString() {
        return step + " index " + index + " parts " + parts + " pivot " + pivot
                + (receiptBy == null ? "" : " receipt " + receiptBy);
    }
}
