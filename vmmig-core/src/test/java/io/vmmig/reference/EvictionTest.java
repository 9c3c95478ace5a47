// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.content.Digest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class EvictionTest {
    private static Digest seal(int number) {
        return new Digest(String.format("%064x", number));
    }

    private static PackageCache.Made used(int at, int number, Integer... needs) {
        return new PackageCache.Made(
                seal(number),
                new UUID(0, 0),
                Instant.ofEpochSecond(at),
                Arrays.stream(needs).map(EvictionTest::seal).collect(Collectors.toSet()));
    }

    private static List<Digest> order(List<PackageCache.Made> packages) {
        return PackageCache.evictionOrder(
                packages, packages.stream().collect(Collectors.toMap(PackageCache.Made::seal, PackageCache.Made::at)));
    }

    private static List<Digest> seals(Integer... numbers) {
        return Arrays.stream(numbers).map(EvictionTest::seal).toList();
    }

    @Test
    void whatWasNotUsedForLongestGoesFirst() {
        assertThat(order(List.of(used(3, 1), used(1, 2), used(2, 3)))).isEqualTo(seals(2, 3, 1));
    }

    /** The one beneath is found, and touched, before the one above. */
    @Test
    void whatIsStoodUponGoesLast() {
        assertThat(order(List.of(used(1, 1), used(2, 2, 1), used(3, 3, 2)))).isEqualTo(seals(3, 2, 1));
        assertThat(order(List.of(used(1, 1), used(2, 2, 1), used(5, 3, 1), used(4, 4))))
                .isEqualTo(seals(2, 4, 3, 1));
    }

    @Test
    void whatStandsUponNothingIsOfNoUse() {
        assertThat(order(List.of(used(1, 1), used(8, 2, 7), used(9, 3, 2)))).isEqualTo(seals(3, 2, 1));
    }

    @Test
    void everyOneIsThereOnceAndBeforeWhatItNeeds() {
        Random random = new Random(1);
        for (int round = 0; round < 200; round++) {
            List<PackageCache.Made> all = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                List<Integer> needs = new ArrayList<>();
                while (i > 0 && random.nextBoolean()) {
                    needs.add(random.nextInt(i));
                }
                all.add(used(random.nextInt(10), i, needs.toArray(new Integer[0])));
            }
            Collections.shuffle(all, random);
            List<Digest> order = order(all);
            assertThat(order)
                    .containsExactlyInAnyOrderElementsOf(
                            all.stream().map(PackageCache.Made::seal).toList());
            for (PackageCache.Made one : all) {
                for (Digest need : one.needs()) {
                    assertThat(order.indexOf(need)).isGreaterThan(order.indexOf(one.seal()));
                }
            }
        }
    }
}
