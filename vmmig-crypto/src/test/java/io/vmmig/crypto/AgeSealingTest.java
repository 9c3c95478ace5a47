// SPDX-License-Identifier: Apache-2.0
package io.vmmig.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.crypto.age.FileKey;
import io.vmmig.crypto.age.Header;
import io.vmmig.crypto.age.PayloadCipher;
import io.vmmig.crypto.age.Stanza;
import io.vmmig.crypto.age.X25519Stanza;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class AgeSealingTest {
    private static final AgeIdentity SELF = AgeIdentity.generate();
    private static final AgeIdentity OTHER = AgeIdentity.generate();
    private static final int CHUNK = PayloadCipher.PLAIN_BYTES;
    private static final Set<Problem> REFUSALS =
            Set.of(Problem.SEAL_BROKEN, Problem.SEAL_MALFORMED, Problem.SEAL_NOT_FOR_US, Problem.SEAL_TRUNCATED);

    @ParameterizedTest
    @ValueSource(ints = {0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1, 5 * CHUNK, 5 * CHUNK + 77})
    void comesBackAsItWas(int length) throws Exception {
        byte[] plain = bytes(length);
        for (int step : new int[] {1000, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, Integer.MAX_VALUE}) {
            ByteArrayOutputStream sealed = new ByteArrayOutputStream();
            try (SealingOutputStream out = AgeSealing.seal(sealed, Set.of(SELF.recipient()))) {
                for (int at = 0; at < length; at += Math.min(step, length)) {
                    out.write(plain, at, Math.min(step, length - at));
                }
                out.finish();
            }
            int chunks = Math.max(1, (length + CHUNK - 1) / CHUNK);
            assertThat(sealed.size() - length - 16 * chunks - 16).isEqualTo(headerBytes(sealed.toByteArray()));
            assertThat(open(sealed.toByteArray(), SELF, Math.min(step, 4 * CHUNK)))
                    .isEqualTo(plain);
        }
    }

    @Test
    void isTheSameByteForByteWhoeverWritesIt() throws Exception {
        ByteArrayOutputStream sealed = new ByteArrayOutputStream();
        SealingOutputStream out = AgeSealing.seal(sealed, Set.of(SELF.recipient()));
        byte[] plain = bytes(CHUNK + 300);
        for (byte b : plain) {
            out.write(b);
        }
        out.finish();

        InputStream in = AgeSealing.open(new ByteArrayInputStream(sealed.toByteArray()), Set.of(SELF));
        for (byte b : plain) {
            assertThat(in.read()).isEqualTo(b & 0xff);
        }
        assertThat(in.read()).isNegative();
        assertThat(in.read(new byte[CHUNK])).isNegative();
    }

    @Test
    void comesInWhateverPieces() throws Exception {
        byte[] plain = bytes(3 * CHUNK + 5);
        byte[] sealed = seal(plain, SELF.recipient());
        InputStream hesitant = new ByteArrayInputStream(sealed) {
            @Override
            public synchronized int read(byte[] target, int offset, int length) {
                return super.read(target, offset, Math.min(length, 777));
            }

            @Override
            public byte[] readAllBytes() {
                throw new AssertionError("nobody may read all of a stream");
            }
        };

        assertThat(AgeSealing.open(hesitant, Set.of(SELF)).readAllBytes()).isEqualTo(plain);
    }

    @Test
    void eachRecipientOpensIt() throws Exception {
        byte[] plain = bytes(1000);
        byte[] sealed = seal(plain, OTHER.recipient(), SELF.recipient());

        assertThat(open(sealed, SELF, 100)).isEqualTo(plain);
        assertThat(open(sealed, OTHER, 100)).isEqualTo(plain);
        assertThat(AgeSealing.open(new ByteArrayInputStream(sealed), List.of(AgeIdentity.generate(), SELF))
                        .readAllBytes())
                .isEqualTo(plain);
    }

    @Test
    void nobodyElseDoes() throws Exception {
        byte[] sealed = seal(bytes(1000), OTHER.recipient());

        assertRefused(sealed, Problem.SEAL_NOT_FOR_US, "sealed for somebody else");
        assertThatThrownBy(() -> AgeSealing.open(new ByteArrayInputStream(sealed), List.of()))
                .satisfies(e -> assertThat(problem(e)).isEqualTo(Problem.SEAL_NOT_FOR_US));
    }

    @Test
    void isSealedForSomebody() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AgeSealing.seal(OutputStream.nullOutputStream(), Set.of()));
        List<AgeRecipient> many = Stream.generate(() -> AgeIdentity.generate().recipient())
                .limit(AgeSealing.MAX_RECIPIENTS + 1)
                .toList();
        assertThatIllegalArgumentException().isThrownBy(() -> AgeSealing.seal(OutputStream.nullOutputStream(), many));
    }

    @Test
    void asManyAsCanBeNamedCanOpenIt() throws Exception {
        List<AgeRecipient> many = new ArrayList<>();
        for (int i = 1; i < AgeSealing.MAX_RECIPIENTS; i++) {
            many.add(AgeIdentity.generate().recipient());
        }
        many.add(SELF.recipient());

        assertThat(open(seal(bytes(3), many.toArray(new AgeRecipient[0])), SELF, 10))
                .isEqualTo(bytes(3));
    }

    @Test
    void everyFlippedBitIsNoticed() throws Exception {
        byte[] sealed = seal(bytes(40), SELF.recipient());
        for (int bit = 0; bit < 8 * sealed.length; bit++) {
            byte[] flipped = sealed.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertRefused(flipped, "bit " + bit);
        }
    }

    @Test
    void everyCutIsNoticed() throws Exception {
        byte[] sealed = seal(bytes(300), SELF.recipient());
        for (int length = 0; length < sealed.length; length++) {
            assertRefused(Arrays.copyOf(sealed, length), "cut at " + length);
        }
    }

    @Test
    void cutsAroundChunksAreNoticed() throws Exception {
        byte[] sealed = seal(bytes(3 * CHUNK), SELF.recipient());
        int payload = sealed.length - 3 * PayloadCipher.SEALED_BYTES;
        for (int chunk = 0; chunk <= 2; chunk++) {
            for (int d : new int[] {-17, -16, -1, 1, 15, 16, 17, 1000}) {
                int length = payload + chunk * PayloadCipher.SEALED_BYTES + d;
                assertRefused(Arrays.copyOf(sealed, length), "cut at " + length);
            }
        }
        for (int chunk = 1; chunk <= 2; chunk++) {
            byte[] cut = Arrays.copyOf(sealed, payload + chunk * PayloadCipher.SEALED_BYTES);
            assertRefused(cut, Problem.SEAL_TRUNCATED, "not the last");
        }
        assertRefused(Arrays.copyOf(sealed, payload), Problem.SEAL_TRUNCATED, "ends too early");
        assertRefused(Arrays.copyOf(sealed, payload - 1), Problem.SEAL_TRUNCATED, "right behind its header");
        assertRefused(Arrays.copyOf(sealed, 100), Problem.SEAL_TRUNCATED, "within its header");
    }

    @Test
    void whatFollowsTheEndIsNoticed() throws Exception {
        for (int length : new int[] {0, 10, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK}) {
            byte[] sealed = seal(bytes(length), SELF.recipient());
            for (int more : new int[] {1, 16, 17, CHUNK, PayloadCipher.SEALED_BYTES, 2 * CHUNK}) {
                assertRefused(Arrays.copyOf(sealed, sealed.length + more), length + " and " + more);
            }
        }
        byte[] whole = seal(bytes(CHUNK), SELF.recipient());
        assertRefused(Arrays.copyOf(whole, whole.length + 1), Problem.SEAL_MALFORMED, "something follows its end");
    }

    @Test
    void chunksOutOfOrderAreNoticed() throws Exception {
        byte[] sealed = seal(bytes(3 * CHUNK), SELF.recipient());
        byte[] head = Arrays.copyOf(sealed, sealed.length - 3 * PayloadCipher.SEALED_BYTES);
        List<byte[]> chunks = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            int from = head.length + i * PayloadCipher.SEALED_BYTES;
            chunks.add(Arrays.copyOfRange(sealed, from, from + PayloadCipher.SEALED_BYTES));
        }
        for (int[] order :
                new int[][] {{1, 0, 2}, {0, 2, 1}, {2}, {1, 2}, {0, 2}, {0, 1, 1, 2}, {0, 1, 2, 2}, {0, 1}}) {
            ByteArrayOutputStream shuffled = new ByteArrayOutputStream();
            shuffled.writeBytes(head);
            for (int chunk : order) {
                shuffled.writeBytes(chunks.get(chunk));
            }
            assertRefused(shuffled.toByteArray(), Arrays.toString(order));
        }
    }

    @Test
    void chunksOfAnotherStreamAreNoticed() throws Exception {
        byte[] one = seal(bytes(100), SELF.recipient());
        byte[] two = seal(bytes(100), SELF.recipient());
        System.arraycopy(one, one.length - 116, two, two.length - 116, 116);

        assertRefused(two, Problem.SEAL_BROKEN, "changed or cut off");
    }

    @Test
    void anEmptyLastChunkBehindOthersIsRefused() throws Exception {
        byte[] fileKey = FileKey.make();
        byte[] nonce = FileKey.makeNonce();
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.writeBytes(Header.encode(List.of(stanza(fileKey)), fileKey));
        file.writeBytes(nonce);
        PayloadCipher chunks = new PayloadCipher(fileKey, nonce);
        byte[] sealed = new byte[PayloadCipher.SEALED_BYTES];
        file.write(sealed, 0, chunks.seal(bytes(CHUNK), 0, CHUNK, false, sealed));
        file.write(sealed, 0, chunks.seal(new byte[0], 0, 0, true, sealed));

        assertRefused(file.toByteArray(), "an empty last chunk");
    }

    @Test
    void nothingOfABrokenChunkGetsOut() throws Exception {
        byte[] plain = bytes(2 * CHUNK);
        byte[] sealed = seal(plain, SELF.recipient());
        sealed[sealed.length - 1] ^= 1;
        InputStream in = AgeSealing.open(new ByteArrayInputStream(sealed), Set.of(SELF));

        assertThat(in.readNBytes(CHUNK)).isEqualTo(Arrays.copyOf(plain, CHUNK));
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(in::read)
                    .isInstanceOf(IOException.class)
                    .hasCauseInstanceOf(VmmigException.class)
                    .satisfies(e -> assertThat(problem(e)).isEqualTo(Problem.SEAL_BROKEN));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 10, CHUNK, CHUNK + 1, 2 * CHUNK})
    void whatWasClosedWithoutAnEndHasNone(int length) throws Exception {
        ByteArrayOutputStream sealed = new ByteArrayOutputStream();
        try (SealingOutputStream out = AgeSealing.seal(sealed, Set.of(SELF.recipient()))) {
            out.write(bytes(length));
            out.flush();
        }

        assertRefused(sealed.toByteArray(), Problem.SEAL_TRUNCATED, "ends too early");
    }

    @Test
    void nothingIsWrittenBehindTheEnd() throws Exception {
        SealingOutputStream out = AgeSealing.seal(new ByteArrayOutputStream(), Set.of(SELF.recipient()));
        out.finish();
        out.close();

        assertThatIllegalStateException().isThrownBy(() -> out.write(1));
        assertThatIllegalStateException().isThrownBy(out::finish);
    }

    @Test
    void whatWasGivenUpStaysSo() throws Exception {
        SealingOutputStream out = AgeSealing.seal(new ByteArrayOutputStream(), Set.of(SELF.recipient()));
        out.close();

        assertThatThrownBy(() -> out.write(1)).isInstanceOf(IOException.class);
        assertThatThrownBy(out::finish).isInstanceOf(IOException.class);
    }

    @Test
    void aFailureBeneathLeavesNoEnd() throws Exception {
        ByteArrayOutputStream sealed = new ByteArrayOutputStream();
        boolean[] failing = {false};
        SealingOutputStream out = AgeSealing.seal(
                new OutputStream() {
                    @Override
                    public void write(int b) throws IOException {
                        write(new byte[] {(byte) b}, 0, 1);
                    }

                    @Override
                    public void write(byte[] bytes, int offset, int length) throws IOException {
                        if (failing[0]) {
                            throw new IOException("No space left on device");
                        }
                        sealed.write(bytes, offset, length);
                    }
                },
                Set.of(SELF.recipient()));
        out.write(bytes(CHUNK + 1));
        failing[0] = true;
        assertThatThrownBy(() -> out.write(bytes(CHUNK))).hasMessageContaining("No space");
        failing[0] = false;

        assertThatThrownBy(() -> out.write(1)).isInstanceOf(IOException.class);
        assertThatThrownBy(out::finish).isInstanceOf(IOException.class);
        assertRefused(sealed.toByteArray(), Problem.SEAL_TRUNCATED, "not the last");
    }

    @Test
    void aFailureBeneathIsTheReadersToo() throws Exception {
        byte[] sealed = seal(bytes(2 * CHUNK), SELF.recipient());
        InputStream failing = new SequenceInputStream(new ByteArrayInputStream(sealed, 0, CHUNK), new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("the disk is gone");
            }
        });

        assertThatThrownBy(() -> AgeSealing.open(failing, Set.of(SELF)).readAllBytes())
                .hasMessage("the disk is gone");
    }

    @Test
    void unknownRecipientsAreLeftToOthers() throws Exception {
        byte[] fileKey = FileKey.make();
        byte[] full = new byte[48];
        List<Stanza> stanzas = List.of(
                new Stanza(List.of("grease-example", "with", "!\"#$~"), new byte[0]),
                new Stanza(List.of("x25519", "lower", "case"), full),
                stanza(fileKey),
                new Stanza(List.of("X25519-of-somebody"), bytes(700)));

        assertThat(open(file(stanzas, fileKey, bytes(99)), SELF, 50)).isEqualTo(bytes(99));
    }

    @Test
    void aPassphraseIsAloneOrNotAtAll() throws Exception {
        byte[] fileKey = FileKey.make();
        Stanza passphrase = new Stanza(List.of("scrypt", "ajMFur+EJLGaohv/dLRGnw", "18"), new byte[32]);

        assertRefused(
                file(List.of(passphrase, stanza(fileKey)), fileKey, bytes(9)),
                Problem.SEAL_MALFORMED,
                "a passphrase is not alone");
        assertRefused(file(List.of(passphrase), fileKey, bytes(9)), Problem.SEAL_NOT_FOR_US, "under a passphrase");
    }

    @Test
    void aHeaderForAnotherFileIsNoticed() throws Exception {
        byte[] fileKey = FileKey.make();
        byte[] file = file(List.of(stanza(fileKey)), FileKey.make(), bytes(9));

        assertRefused(file, Problem.SEAL_BROKEN, "header");
    }

    static Stream<Arguments> malformedHeaders() {
        String start = "age-encryption.org/v1\n";
        String share = "TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc";
        String body = "hjabGXwSLQ9c3S6Lw2i+S2Tu2fiwQHHslbBN6B41FLE";
        String end = "--- WyJp9F/9FOZh7gJdheq2WIJcwHgYc8NIVh3ddwhrcNg\n";
        String stanza = "-> X25519 " + share + "\n" + body + "\n";
        String columns = "A".repeat(64);
        return Stream.of(
                Arguments.of("PK\003\004", "unprintable"),
                Arguments.of("vmmig\n", "does not begin with"),
                Arguments.of("age-encryption.org/v2\n" + stanza + end, "version other than 1"),
                Arguments.of("age-encryption.org/v1\r\n" + stanza + end, "printable"),
                Arguments.of(" " + start + stanza + end, "does not begin with"),
                Arguments.of("x".repeat(200) + "\n", "longer than"),
                Arguments.of(start + end, "no recipients"),
                Arguments.of(start + "X25519 " + share + "\n", "should begin"),
                Arguments.of(start + "->X25519 " + share + "\n", "should begin"),
                Arguments.of(start + "-> \n\n" + end, "empty argument"),
                Arguments.of(start + "-> X25519  " + share + "\n" + body + "\n" + end, "empty argument"),
                Arguments.of(start + "-> X25519 " + share + " \n" + body + "\n" + end, "empty argument"),
                Arguments.of(start + "-> a\t\n\n" + end, "printable"),
                Arguments.of(start + "-> \u00e9\n\n" + end, "printable"),
                Arguments.of(start + "-> " + "a".repeat(5000) + "\n", "longer than"),
                Arguments.of(start + "-> a\n" + columns + "A\n\n" + end, "longer than"),
                Arguments.of(start + "-> a\n" + columns + "\n" + end, "not base64"),
                Arguments.of(start + "-> a\nAAAA\nAAAA\n" + end, "should begin"),
                Arguments.of(start + "-> a\nAA==\n" + end, "canonical"),
                Arguments.of(start + "-> a\nAB\n" + end, "canonical"),
                Arguments.of(start + "-> a\n-_-_\n" + end, "not base64"),
                Arguments.of(start + "-> a\nAAAAA\n" + end, "not base64"),
                Arguments.of(start + "-> X25519\n" + body + "\n" + end, "number of arguments"),
                Arguments.of(start + "-> X25519 " + share + " more\n" + body + "\n" + end, "number of arguments"),
                Arguments.of(start + "-> X25519 AAAA\n" + body + "\n" + end, "3 bytes instead of 32"),
                Arguments.of(start + "-> X25519 " + share + "A\n" + body + "\n" + end, "of an X25519 recipient"),
                Arguments.of(start + "-> X25519 " + share.replace("Cc", "Cd") + "\n" + body + "\n" + end, "canonical"),
                Arguments.of(start + "-> X25519 " + "A".repeat(43) + "\n" + body + "\n" + end, "low order"),
                Arguments.of(start + "-> X25519 " + share + "\nAAAA\n" + end, "wrong length"),
                Arguments.of(start + "-> X25519 " + share + "\n" + body + "AAAA\n" + end, "wrong length"),
                Arguments.of(start + stanza + "---\n", "should begin"),
                Arguments.of(start + stanza + "--- \n", "0 bytes"),
                Arguments.of(start + stanza + end.strip() + " \n", "not base64"),
                Arguments.of(start + stanza + "--- AAAA\n", "3 bytes instead of 32"),
                Arguments.of(start + stanza + "--- " + "A".repeat(42) + "B\n", "canonical"),
                Arguments.of(start + "-> a\n\n".repeat(AgeSealing.MAX_RECIPIENTS + 1) + end, "more than 256"),
                Arguments.of(start + ("-> a\n" + (columns + "\n").repeat(20) + "\n").repeat(80), "more than 65536"));
    }

    @ParameterizedTest
    @MethodSource("malformedHeaders")
    void malformedHeadersAreNamed(String header, String reason) {
        byte[] file = (header + "0123456789abcdef0123456789abcdef").getBytes(StandardCharsets.ISO_8859_1);

        assertRefused(file, Problem.SEAL_MALFORMED, reason);
    }

    @Test
    void aPassphraseOpensAndAnotherDoesNot() throws Exception {
        ByteArrayOutputStream sealed = new ByteArrayOutputStream();
        try (SealingOutputStream out = AgeSealing.seal(sealed, "pass wörd".toCharArray(), 4)) {
            out.write(bytes(500));
            out.finish();
        }
        byte[] file = sealed.toByteArray();

        assertThat(AgeSealing.open(new ByteArrayInputStream(file), "pass wörd".toCharArray())
                        .readAllBytes())
                .isEqualTo(bytes(500));
        assertThatThrownBy(() -> AgeSealing.open(new ByteArrayInputStream(file), "pass word".toCharArray()))
                .satisfies(e -> assertThat(problem(e)).isEqualTo(Problem.SEAL_NOT_FOR_US));
        byte[] forKey = seal(bytes(5), SELF.recipient());
        assertThatThrownBy(() -> AgeSealing.open(new ByteArrayInputStream(forKey), "pass".toCharArray()))
                .satisfies(e -> assertThat(problem(e)).isEqualTo(Problem.SEAL_NOT_FOR_US));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "01", "+4", "4a", "-4", "19", "99", "1000000", "4294967300"})
    void workFactorsAreBounded(String factor) throws Exception {
        byte[] fileKey = FileKey.make();
        List<String> words = new ArrayList<>(List.of("scrypt", "ajMFur+EJLGaohv/dLRGnw"));
        if (!factor.isEmpty()) {
            words.add(factor);
        }
        byte[] file = file(List.of(new Stanza(words, new byte[32])), fileKey, bytes(9));

        assertThatThrownBy(() -> AgeSealing.open(new ByteArrayInputStream(file), "p".toCharArray()))
                .satisfies(e -> assertThat(problem(e)).isEqualTo(Problem.SEAL_MALFORMED));
    }

    /** Splices, repeats and overwrites; whatever comes of it is refused in the one way, or is what was sealed. */
    @Test
    void fuzzedFilesAreRefusedInOneWay() throws Exception {
        Random random = new Random(20260131);
        byte[] plain = bytes(400);
        byte[] sealed = seal(plain, OTHER.recipient(), SELF.recipient());
        for (int i = 0; i < 4000; i++) {
            byte[] fuzzed = mutate(sealed, random);
            try {
                byte[] opened = AgeSealing.open(new ByteArrayInputStream(fuzzed), Set.of(SELF))
                        .readAllBytes();
                assertThat(fuzzed).isEqualTo(sealed);
                assertThat(opened).isEqualTo(plain);
            } catch (VmmigException | IOException e) {
                assertThat(REFUSALS).contains(problem(e));
            }
        }
    }

    private static byte[] mutate(byte[] from, Random random) {
        byte[] to = from.clone();
        for (int n = random.nextInt(4); n >= 0; n--) {
            int at = random.nextInt(to.length);
            int length = Math.min(to.length - at, 1 + random.nextInt(40));
            switch (random.nextInt(5)) {
                case 0 -> to[at] = (byte) random.nextInt(256);
                case 1 -> to = splice(to, at, length, new byte[0]);
                case 2 -> to = splice(to, at, 0, Arrays.copyOfRange(to, at, at + length));
                case 3 ->
                    to = splice(
                            to,
                            at,
                            0,
                            "\n-> X25519 ---".substring(random.nextInt(12)).getBytes(StandardCharsets.US_ASCII));
                default -> to = splice(to, at, 0, Arrays.copyOfRange(from, 0, random.nextInt(from.length)));
            }
            if (to.length == 0) {
                return to;
            }
        }
        return to;
    }

    private static byte[] splice(byte[] bytes, int at, int removed, byte[] inserted) {
        byte[] spliced = new byte[bytes.length - removed + inserted.length];
        System.arraycopy(bytes, 0, spliced, 0, at);
        System.arraycopy(inserted, 0, spliced, at, inserted.length);
        System.arraycopy(bytes, at + removed, spliced, at + inserted.length, bytes.length - at - removed);
        return spliced;
    }

    private static Stanza stanza(byte[] fileKey) throws Exception {
        return X25519Stanza.wrap(SELF.recipient().publicKey(), fileKey);
    }

    private static byte[] file(List<Stanza> stanzas, byte[] fileKey, byte[] plain) {
        byte[] nonce = FileKey.makeNonce();
        byte[] sealed = new byte[plain.length + 16];
        new PayloadCipher(fileKey, nonce).seal(plain, 0, plain.length, true, sealed);
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.writeBytes(Header.encode(stanzas, fileKey));
        file.writeBytes(nonce);
        file.writeBytes(sealed);
        return file.toByteArray();
    }

    private static int headerBytes(byte[] sealed) {
        String text = new String(sealed, StandardCharsets.ISO_8859_1);
        return text.indexOf('\n', text.indexOf("\n--- ") + 1) + 1;
    }

    static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    static byte[] seal(byte[] plain, AgeRecipient... recipients) throws IOException {
        ByteArrayOutputStream sealed = new ByteArrayOutputStream();
        try (SealingOutputStream out = AgeSealing.seal(sealed, List.of(recipients))) {
            out.write(plain);
            out.finish();
        }
        return sealed.toByteArray();
    }

    private static byte[] open(byte[] sealed, AgeIdentity identity, int step) throws Exception {
        InputStream in = AgeSealing.open(new ByteArrayInputStream(sealed), Collections.singleton(identity));
        ByteArrayOutputStream plain = new ByteArrayOutputStream();
        byte[] buffer = new byte[step];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            plain.write(buffer, 0, n);
        }
        return plain.toByteArray();
    }

    private static void assertRefused(byte[] sealed, String as) {
        assertThatThrownBy(() -> open(sealed, SELF, 1000)).as(as).satisfies(e -> assertThat(REFUSALS)
                .contains(problem(e)));
        assertThatThrownBy(() -> open(sealed, SELF, 3 * CHUNK)).as(as).satisfies(e -> assertThat(REFUSALS)
                .contains(problem(e)));
    }

    private static void assertRefused(byte[] sealed, Problem problem, String words) {
        assertThatThrownBy(() -> open(sealed, SELF, 1000))
                .hasMessageContaining(words)
                .satisfies(e -> assertThat(problem(e)).isEqualTo(problem));
    }

    private static Problem problem(Throwable e) {
        Throwable found = e instanceof VmmigException ? e : e.getCause();
        assertThat(found).isInstanceOf(VmmigException.class);
        return ((VmmigException) found).problem();
    }
}
