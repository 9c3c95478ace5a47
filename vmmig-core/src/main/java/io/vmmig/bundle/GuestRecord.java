// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.error.PackageFormatException;
import java.util.List;

/**
 * What is known of a guest besides its XML: what its hypervisor stores, and what is known only when it is saved. In a package this is
 * {@code guest.json}; in an offer it describes the guest at that moment.
 *
 * @param running whether the guest ran when it was saved, rather than being paused
 * @param autostart whether its host starts it at boot
 * @param copy whether the guest stays at the source, which makes the package a copy
 * @param lent whether its balloon holds memory that it has lent for the move, to be returned once it is resumed. If false, it has the
 *     memory that its users have set, and a resize by them continues. True if the writer does not say.
 * @param leftBehind state of the guest at the source that is not in the package
 */
public record GuestRecord(boolean running, boolean autostart, boolean copy, boolean lent, List<LeftBehind> leftBehind) {
    public GuestRecord {
        leftBehind = List.copyOf(leftBehind);
    }

    /**
     * Something that is not in the package.
     *
     * @param kind what it is, in lower-case words, such as {@code snapshot}
     * @param name which of them it is
     */
    public record LeftBehind(String kind, String name) {}

    /** The record of a guest of which only the manifest is known. */
    public static GuestRecord of(Manifest manifest) {
        return new GuestRecord(manifest.running(), false, false, true, List.of());
    }

    /** As {@code guest.json}. The same record always gives the same bytes. */
    public byte[] toJson() {
        return GuestJson.write(this);
    }

    /**
     * Reads what {@link #toJson()} writes. The bytes are untrusted.
     *
     * @throws PackageFormatException with {@link io.vmmig.error.Problem#PACKAGE_MALFORMED}, {@link io.vmmig.error.Problem#PACKAGE_TOO_NEW}
     *     or {@link io.vmmig.error.Problem#PACKAGE_LIMIT_EXCEEDED}
     */
    public static GuestRecord fromJson(byte[] json) throws PackageFormatException {
        return GuestJson.read(json);
    }
}
