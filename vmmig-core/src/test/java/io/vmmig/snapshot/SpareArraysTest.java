// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class SpareArraysTest {
    @Test
    void whatOneLeavesAnotherTakesOnce() {
        byte[] array = SpareArrays.take(12_345);
        SpareArrays.give(array);

        assertThat(SpareArrays.take(12_345)).isSameAs(array);
        assertThat(SpareArrays.take(12_345)).isNotSameAs(array);
        assertThat(SpareArrays.take(12_346)).hasSize(12_346);
    }

    @Test
    void keepsNoMoreThanAFew() {
        List<byte[]> left = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            left.add(new byte[54_321]);
        }
        left.forEach(SpareArrays::give);

        List<byte[]> found = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            found.add(SpareArrays.take(54_321));
        }
        assertThat(found)
                .filteredOn(array -> left.stream().anyMatch(one -> one == array))
                .hasSize(16);
    }

    @Test
    void aPoolLeavesWhatIsGivenBackAfterItsEndToo() throws InterruptedException {
        SegmentPool first = new SegmentPool(2, 1111, 2222);
        Segment used = first.take();
        Segment idle = first.take();
        assertThat(used).isNotNull();
        assertThat(idle).isNotNull();
        first.give(idle);
        first.close();
        assertThat(SpareArrays.take(1111)).isSameAs(idle.decoded());
        assertThat(SpareArrays.take(1111)).isNotSameAs(used.decoded());

        first.give(used);

        assertThat(SpareArrays.take(1111)).isSameAs(used.decoded());
    }

    @Test
    void whoReadsFindsNothingOfOthers() throws InterruptedException {
        byte[] secret = SpareArrays.take(3333);
        Arrays.fill(secret, (byte) 1);
        SpareArrays.give(secret);

        Segment segment = new SegmentPool(1, 3333, 4444).take();

        assertThat(segment).isNotNull();
        assertThat(segment.decoded()).isSameAs(secret).containsOnly(0);
    }
}
