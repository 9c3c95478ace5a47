// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.error.PackageFormatException;
import io.vmmig.json.JsonFields;
import io.vmmig.json.JsonText;
import io.vmmig.json.Malformed;
import io.vmmig.json.Texts;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

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
    /** The format's own bounds keep it below this. */
    static final int MAX_BYTES = 1 << 20;

    private static final String WHERE = "guest.json";
    private static final int MAX_LEFT_BEHIND = 1024;
    private static final int MAX_NAME_LENGTH = 255;
    private static final Pattern KIND = Pattern.compile("[a-z][a-z -]{0,31}");
    private static final Set<String> FIELDS = Set.of("running", "autostart", "copy", "lent", "leftBehind");
    private static final Set<String> LEFT_BEHIND_FIELDS = Set.of("kind", "name");

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

    /** As {@code guest.json}, specified in {@code docs/package-format.md}. The same record always gives the same bytes. */
    public byte[] toJson() {
        // A hypervisor may have more entries and longer names than a reader accepts; the source's report lists all of
        // them.
        List<LeftBehind> shown = leftBehind.stream().limit(MAX_LEFT_BEHIND).toList();
        return new JsonText()
                .put("running", running)
                .put("autostart", autostart)
                .put("copy", copy)
                .put("lent", lent)
                .objects("leftBehind", shown, left -> new JsonText()
                        .put("kind", left.kind())
                        .put("name", Texts.plain(left.name(), MAX_NAME_LENGTH)))
                .lines();
    }

    /**
     * Reads what {@link #toJson()} writes. The bytes are untrusted.
     *
     * @throws PackageFormatException with {@link io.vmmig.error.Problem#PACKAGE_MALFORMED}, {@link io.vmmig.error.Problem#PACKAGE_TOO_NEW}
     *     or {@link io.vmmig.error.Problem#PACKAGE_LIMIT_EXCEEDED}
     */
    public static GuestRecord fromJson(byte[] json) throws PackageFormatException {
        Malformed.requireWithin("the size of " + WHERE, json.length, MAX_BYTES);
        JsonFields fields = JsonFields.of(json, WHERE).knowing(FIELDS);
        List<LeftBehind> leftBehind = new ArrayList<>();
        for (JsonFields left : fields.objects("leftBehind", MAX_LEFT_BEHIND)) {
            left.knowing(LEFT_BEHIND_FIELDS);
            leftBehind.add(new LeftBehind(left.text("kind", KIND), left.text("name", MAX_NAME_LENGTH)));
        }
        return new GuestRecord(
                fields.flag("running"),
                fields.flag("autostart"),
                fields.flag("copy"),
                !fields.has("lent") || fields.flag("lent"),
                leftBehind);
    }
}
