package dev.tka.store.state;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Every version of a map is as a {@link TreeMap} that had the same changes, and stays so. */
class OrderedMapProperties {
  @Property(tries = 300)
  void everyVersionIsAsATreeMap(@ForAll List<@IntRange(min = -40, max = 40) Integer> changes) {
    OrderedMap<Integer, Integer> map = OrderedMap.empty();
    TreeMap<Integer, Integer> model = new TreeMap<>();
    OrderedMap<Integer, Integer> half = map;
    Map<Integer, Integer> halfModel = Map.of();
    for (int i = 0; i < changes.size(); i++) {
      int key = Math.abs(changes.get(i));
      if (changes.get(i) >= 0) {
        map = map.with(key, i);
        model.put(key, i);
      } else {
        map = map.without(key);
        model.remove(key);
      }
      if (i == changes.size() / 2) {
        half = map;
        halfModel = new TreeMap<>(model);
      }
    }
    assertThat(map).isEqualTo(model).hasSameSizeAs(model.keySet());
    assertThat(List.copyOf(map.entrySet())).isEqualTo(List.copyOf(model.entrySet()));
    for (int key = 0; key <= 41; key++) {
      assertThat(map.find(key)).isEqualTo(Optional.ofNullable(model.get(key)));
      assertThat(List.copyOf(map.from(key))).isEqualTo(List.copyOf(model.tailMap(key).entrySet()));
      assertThat(map.from(key)).hasSize(model.tailMap(key).size());
    }
    assertThat(half).isEqualTo(halfModel);
  }
}
