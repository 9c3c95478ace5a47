// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.bundle.GuestRecord.LeftBehind;
import io.vmmig.error.PackageFormatException;
import io.vmmig.json.JsonFields;
import io.vmmig.json.JsonText;
import io.vmmig.json.Malformed;
import io.vmmig.json.Texts;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** A guest's record as {@code guest.json}; the format is specified in {@code docs/package-format.md}. */
final class GuestJson {
    /** The format's own bounds keep it below this. */
    public static final int MAX_BYTES = 1 << 20;

    private static final String WHERE = "guest.json";
    private static final int MAX_LEFT_BEHIND = 1024;
    private static final int MAX_NAME_LENGTH = 255;
    private static final Pattern KIND = Pattern.compile("[a-z][a-z -]{0,31}");
    private static final Set<String> FIELDS = Set.of("running", "autostart", "copy", "lent", "leftBehind");
    private static final Set<String> LEFT_BEHIND_FIELDS = Set.of("kind", "name");

    private GuestJson() {}

    /** The record as JSON, always the same bytes for the same record. */
    public static byte[] write(GuestRecord guest) {
        return new JsonText()
                .put("running", guest.running())
                .put("autostart", guest.autostart())
                .put("copy", guest.copy())
                .put("lent", guest.lent())
                .objects("leftBehind", shown(guest.leftBehind()), left -> new JsonText()
                        .put("kind", left.kind())
                        .put("name", left.name()))
                .lines();
    }

    /** A hypervisor may have more entries and longer names than a reader accepts; the source's report lists all of them. */
    private static List<LeftBehind> shown(List<LeftBehind> all) {
        return all.stream()
                .limit(MAX_LEFT_BEHIND)
                .map(left -> new LeftBehind(left.kind(), Texts.plain(left.name(), MAX_NAME_LENGTH)))
                .toList();
    }

    /**
     * Parses a record.
     *
     * @throws PackageFormatException when it is malformed or too new
     */
    public static GuestRecord read(byte[] bytes) throws PackageFormatException {
        if (bytes.length > MAX_BYTES) {
            throw Malformed.overLimit("the size of " + WHERE, bytes.length, MAX_BYTES);
        }
        JsonFields fields = JsonFields.of(bytes, WHERE).knowing(FIELDS);
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
