// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.compare;

import java.util.List;

/**
 * What the research prototype published for a similar guest, on a laptop of its time.
 *
 * @param guest what was moved
 * @param packageSize how large the package was
 * @param closest the most similar of our guests
 */
record Seeds(String guest, String packageSize, Subject closest) {
    /** Of all guests. */
    static final String SAVE = "7.2–43.6 s";

    /** Of all guests. */
    static final String RESTORE = "3.0–14.7 s";

    static final List<Seeds> PUBLISHED = List.of(
            new Seeds("Fedora", "58.0 MB", Subject.DEBIAN_IDLE),
            new Seeds("Ubuntu", "53.0 MB", Subject.DEBIAN_IDLE),
            new Seeds("JDK", "15.0 MB", Subject.DEBIAN_FILES),
            new Seeds("Redis", "15.0 MB", Subject.REDIS_HOLDING),
            new Seeds("native unikernel", "13.0 MB", Subject.TINY_X86_64),
            new Seeds("ARM kernel with a ramdisk", "14–26 MB", Subject.TINY_AARCH64));
}
