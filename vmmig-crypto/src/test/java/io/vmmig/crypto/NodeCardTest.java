// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.IntegrityException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.time.LocalDate;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NodeCardTest {
    private static HostIdentity first;
    private static HostIdentity second;
    private static HostIdentity third;

    @BeforeAll
    static void makeIdentities() throws Exception {
        first = HostIdentity.create();
        second = first.successor(LocalDate.MAX);
        third = second.successor(LocalDate.MAX);
    }

    @Test
    void saysWhoAHostIs() throws Exception {
        NodeCard card = NodeCard.parse(first.card("host-a.example").text());

        assertThat(card.name()).isEqualTo("host-a.example");
        assertThat(card.keys()).isEqualTo(first.keys());
        assertThat(card.keys().fingerprint()).isEqualTo(first.fingerprint());
        assertThat(card.formerSigners()).isEmpty();
        assertThat(card).isEqualTo(first.card("host-a.example"));
        assertThat(card).hasToString("NodeCard[host-a.example, " + first.fingerprint() + "]");
        assertThat(card.text().lines()).hasSize(6).allSatisfy(line -> assertThat(line)
                .hasSizeLessThan(140));
    }

    @Test
    void saysWhoItWasBefore() throws Exception {
        NodeCard card = NodeCard.parse(third.card("a").text());

        assertThat(card.formerSigners())
                .containsExactly(first.keys().signing(), second.keys().signing());
    }

    @Test
    void mayBePasted() throws Exception {
        String text = first.card("a").text();

        assertThat(NodeCard.parse("\n  " + text.replace("\n", "\r\n") + "\r\n\t")
                        .text())
                .isEqualTo(text);
        assertThat(NodeCard.parse(text.strip()).text()).isEqualTo(text);
    }

    @Test
    void everyOtherCharacterIsNoticed() throws Exception {
        String text = third.card("a").text().strip();
        for (int at = 0; at < text.length(); at++) {
            char other = text.charAt(at) == 'x' ? 'y' : 'x';
            assertInvalid(text.substring(0, at) + other + text.substring(at + 1));
            assertInvalid(text.substring(0, at) + '\u00e9' + text.substring(at + 1));
        }
    }

    @Test
    void everyCutIsNoticed() throws Exception {
        String text = third.card("a").text().strip();
        for (int length = 0; length < text.length(); length++) {
            assertInvalid(text.substring(0, length));
        }
    }

    @Test
    void everyLineBelongsWhereItIs() throws Exception {
        String[] lines = third.card("a").text().split("\n");
        for (int i = 0; i < lines.length; i++) {
            for (int j = 0; j < lines.length; j++) {
                String[] others = lines.clone();
                others[i] = lines[j];
                if (i != j) {
                    assertInvalid(String.join("\n", others));
                }
            }
        }
        assertInvalid(String.join("\n", lines) + "\nname: b");
    }

    @Test
    void keysOfAnotherHostAreNotTakenIntoIt() throws Exception {
        HostIdentity other = HostIdentity.create();
        String text = first.card("a").text();

        assertInvalid(text.replace(
                first.keys().sealing().toString(), other.keys().sealing().toString()));
        assertInvalid(text.replace(
                first.keys().signing().toString(), other.keys().signing().toString()));
        assertInvalid(text.replace(
                Base64Url.encode(first.keys().tls()),
                Base64Url.encode(other.keys().tls())));
    }

    @Test
    void aSuccessionThatTheFormerKeyHasNotSignedIsRefused() throws Exception {
        HostIdentity thief = HostIdentity.create();
        KeySuccession forged = new KeySuccession(
                first.keys().signing(),
                thief.keys().signing(),
                LocalDate.MAX,
                Base64Url.encode(thief.keySet().signature(new byte[9])));
        HostIdentity claims = new HostIdentity(thief.keySet(), java.util.List.of(), java.util.List.of(forged));

        assertInvalid(claims.card("a").text());
    }

    @Test
    void theDayOnWhichAFormerKeyEndsIsSignedByIt() throws Exception {
        KeySuccession signed = second.successions().get(0);
        for (LocalDate day : new LocalDate[] {LocalDate.of(2999, 1, 1), KeySuccession.UNDATED}) {
            KeySuccession moved = new KeySuccession(signed.previous(), signed.next(), day, signed.signature());
            HostIdentity claims = new HostIdentity(second.keySet(), java.util.List.of(), java.util.List.of(moved));

            assertInvalid(claims.card("a").text());
        }
    }

    @Test
    void aSuccessionWithoutADayIsReadAndItsKeyCountsNoMore() throws Exception {
        byte[] message = ("vmmig succession 1\n" + first.keys().signing() + "\n"
                        + second.keys().signing() + "\n")
                .getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        KeySuccession undated =
                KeySuccession.parse(first.keys().signing() + " " + second.keys().signing() + " "
                        + Base64Url.encode(first.keySet().signature(message)));
        HostIdentity earlier = new HostIdentity(second.keySet(), java.util.List.of(), java.util.List.of(undated));

        NodeCard card = NodeCard.parse(earlier.card("a").text());

        assertThat(card.formerSigners()).containsExactly(first.keys().signing());
        assertThat(new Node("a", card).signsWith(first.keys().signing())).isFalse();
        assertThat(new Node("a", card).signsWith(second.keys().signing())).isTrue();
    }

    @Test
    void aSuccessionOfSomebodyElseIsRefused() throws Exception {
        HostIdentity thief = HostIdentity.create();
        HostIdentity claims = new HostIdentity(thief.keySet(), java.util.List.of(), second.successions());

        assertInvalid(claims.card("a").text());
        HostIdentity skips = new HostIdentity(
                third.keySet(), java.util.List.of(), third.successions().subList(0, 1));
        assertInvalid(skips.card("a").text());
    }

    @Test
    void isBounded() throws Exception {
        assertInvalid("x".repeat(40_000));
        assertInvalid(first.card("a").text() + "\n".repeat(40_000));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "-a", ".a", "a/b", "a b", "a\nb", "ä", "a_b"})
    void namesArePlain(String name) {
        assertThatExceptionOfType(VmmigException.class).isThrownBy(() -> first.card(name));
        assertThatExceptionOfType(VmmigException.class).isThrownBy(() -> first.card("a".repeat(64)));
    }

    @Test
    void fuzzedCardsAreRefusedInOneWay() throws Exception {
        Random random = new Random(7);
        String text = third.card("a").text();
        String[] words = text.split("[ \n]");
        for (int i = 0; i < 3000; i++) {
            StringBuilder fuzzed = new StringBuilder(text);
            for (int n = random.nextInt(3); n >= 0; n--) {
                int at = random.nextInt(fuzzed.length());
                int end = Math.min(fuzzed.length(), at + random.nextInt(60));
                String word = words[random.nextInt(words.length)];
                switch (random.nextInt(3)) {
                    case 0 -> fuzzed.delete(at, end + 1);
                    case 1 -> fuzzed.insert(at, word);
                    default -> fuzzed.replace(at, end, word);
                }
            }
            if (!fuzzed.toString().strip().equals(text.strip())) {
                assertInvalid(fuzzed.toString());
            }
        }
    }

    private static void assertInvalid(String text) {
        assertThatThrownBy(() -> NodeCard.parse(text))
                .as(text)
                .isInstanceOfSatisfying(
                        IntegrityException.class, e -> assertThat(e.problem()).isEqualTo(Problem.NODE_CARD_INVALID));
    }
}
