// SPDX-License-Identifier: Apache-2.0
package io.vmmig.files;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.bundle.OtherJvm;
import io.vmmig.error.Failure;
import io.vmmig.error.VmmigException;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileNamesTest {
    /** A socket's path, with the directories above and its own name, has to fit into 107 bytes. */
    private static final int MAX_DERIVED = 40 + 1 + 16;

    @Test
    void aPlainNameIsItsOwnFileName() {
        for (String name : List.of("web-1", "a", "10", "x.y_z+1", "A".repeat(128))) {
            assertThat(FileNames.of(name)).isEqualTo(name);
        }
    }

    @Test
    void otherNamesStayReadableAndAreTheSameEachTime() {
        assertThat(FileNames.of("win 10")).isEqualTo("win-10~6a814d45d67ff5d3");
        assertThat(FileNames.of("B\u00fcro")).startsWith("Buro~");
        assertThat(FileNames.of("B\u00fcro")).isEqualTo(FileNames.of("B\u00fcro"));
    }

    @Test
    void noTwoNamesShareAFileName() {
        List<String> names = List.of(
                "win 10",
                "win-10",
                "win  10",
                "win_10",
                "Win 10",
                "B\u00fcro",
                "Bu\u0308ro",
                "Buro",
                "Buero",
                " ",
                "~",
                "-",
                "win-10" + FileNames.of("win 10").substring(6),
                "A".repeat(129),
                "A".repeat(130),
                "\u673a\u5668",
                "\u673a");
        Set<String> files = names.stream().map(FileNames::of).collect(Collectors.toSet());
        assertThat(files).hasSameSizeAs(names);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "..",
                "../../etc/passwd",
                "a/b",
                "/",
                "a\nb",
                "a\0b",
                "-rf",
                ".hidden",
                "~",
                "$(reboot)",
                "`x`",
                "\u202eexe",
                "\ud800",
                "a\u0300\u0301\u0302",
                "\ufdfa\ufdfa\ufdfa\ufdfa\ufdfa\ufdfa\ufdfa\ufdfa\ufdfa\ufdfa\ufdfa\ufdfa\ufdfa\ufdfa"
            })
    void whateverANameHoldsItsFileNameIsHarmlessAndShort(String name) {
        for (String one : List.of(name, name.repeat(5000), "x" + name)) {
            String file = FileNames.of(one);
            assertThat(file)
                    .matches("[A-Za-z0-9._+~-]+")
                    .doesNotStartWith(".")
                    .doesNotStartWith("-")
                    .doesNotStartWith("~");
            assertThat(file.length()).isLessThanOrEqualTo(file.indexOf('~') < 0 ? 128 : MAX_DERIVED);
        }
    }

    /** A program whose locale cannot name the file. */
    static final class InLocale {
        private InLocale() {}

        public static void main(String[] arguments) {
            try {
                System.out.println(FileNames.path("/srv/B\u00fcro.qcow2", arguments[0]));
            } catch (VmmigException e) {
                Failure failure = e.failure();
                System.out.println(failure.problem() + "|" + failure.what() + "|" + failure.remedy());
            }
        }
    }

    @Test
    void aLocaleWithoutUtf8IsNamedWithTheFileThePlaceAndTheCure() throws Exception {
        assertThat(OtherJvm.inLocaleC(InLocale.class, "the domain XML"))
                .contains(
                        "FILE_FAILED|",
                        "the domain XML names the file \"/srv/B",
                        "locale",
                        "ANSI_X3.4-1968",
                        "LC_ALL=C.UTF-8");
    }
}
