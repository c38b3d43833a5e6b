"""What the prose of practical 03 says in words, held against what its own cells define."""

from itertools import product

import numpy as np
import practicals
import pytest

from labkit.ledger import claims

NAME = "03_layers_tour"
SECTION = ("R2", "Layers of Keras")


@pytest.fixture(scope="module")
def page():
    return practicals.page(NAME)


@pytest.fixture
def random():
    return np.random.default_rng(17)


def test_every_mistake_on_layers_is_quoted_and_the_rest_stands_in_the_table():
    mistakes = [
        one.id
        for one in claims.read()
        if (one.report, one.section) == SECTION and one.answer == "mistaken"
    ]
    assert len(mistakes) >= 5
    text = (practicals.NOTEBOOKS / f"{NAME}.py").read_text(encoding="utf-8")
    assert [one for one in mistakes if f'"{one}"' not in text] == []
    assert f'ledger.read().of(practical="{NAME}")' in text


def test_three_of_the_eight_layers_learn(page):
    learned = {name for name, row in page.rows.items() if row["learned"]}
    assert len(page.rows) == 8
    assert learned == {"Dense", "Conv2D", "BatchNormalization"}
    assert page.rows["BatchNormalization"]["kept"] == 2 * 3  # of three channels


def test_a_dense_layer_on_an_image_takes_the_last_axis(page):
    assert page.rows["Dense"] == {"output shape": (1, 28, 28, 10), "learned": 40, "kept": 0}


def test_a_network_without_flatten_answers_for_every_pixel_and_one_with_it_for_the_image(page):
    assert page.unflattened.output_shape == (None, 28, 28, 10)
    assert page.flattened.output_shape == (None, 10)


def test_mean_images_read_most_digits_without_training(page):
    assert 0.75 < page.right < 0.85


def test_two_dense_layers_without_activation_are_one(page, random):
    x = random.normal(size=(7, 8))
    once = x @ (page.W1 @ page.W2) + (page.b1 @ page.W2 + page.b2)
    assert np.allclose(page.through(page.second, page.first(x)), once, atol=1e-4)
    assert page.W1.size + page.W2.size == 176
    assert (page.W1 @ page.W2).size == 24


def test_the_sigmoid_takes_three_quarters_and_relu_and_tanh_nothing_at_best(page):
    steepest = page.steepest
    assert steepest["sigmoid"] == pytest.approx(0.25, abs=1e-4)
    for name in ("relu", "leaky_relu", "tanh"):
        assert steepest[name] == pytest.approx(1, abs=1e-3)


def test_a_unit_with_a_low_bias_is_above_zero_for_no_input(page):
    active = [count for (count,) in page.active.values()]
    assert active == sorted(active, reverse=True)
    assert active[-2] > 0 == active[-1]


@pytest.mark.parametrize(("factor", "same"), [(1.0, True), (4.0, False)])
def test_softmax_sees_differences_and_their_scale(page, factor, same):
    softmax = page.keras.activations.softmax
    plain = page.through(softmax, page.logits)
    changed = page.through(softmax, factor * page.logits + 100)
    assert np.allclose(plain, changed) is same
    assert changed.argmax() == plain.argmax()


def test_dropout_keeps_the_mean_and_not_the_number(page):
    draws = list(page.draws.values())
    assert {float(value) for draw in draws[:3] for value in np.ravel(draw)} == {0.0, 2.0}
    assert np.array_equal(draws[3], np.ones((8, 8)))
    assert page.many.mean() == pytest.approx(1, abs=0.01)
    silenced = (page.many == 0).sum(axis=1)
    assert silenced.min() < 25 and silenced.max() > 39
    assert np.mean((silenced >= 20) & (silenced <= 45)) > 0.99


@pytest.mark.parametrize(("height", "width"), list(product((1, 2, 3, 5), (1, 3, 4))))
def test_the_convolution_by_hand_is_keras_s(page, random, height, width):
    picture, kernel = random.normal(size=(11, 17)), random.normal(size=(height, width))
    by_hand = page.convolve(picture, kernel)
    assert by_hand.shape == (12 - height, 18 - width)
    assert np.allclose(page.mapped(page.fixed(kernel), picture), by_hand, atol=1e-4)


def test_half_a_turn_changes_the_sign_of_the_edge_kernel(page):
    turned = page.convolve(page.sketch, page.rightwards[::-1, ::-1])
    assert np.array_equal(turned, -page.convolve(page.sketch, page.rightwards))
    assert turned.any()


def test_parameters_of_a_convolution_do_not_grow_with_the_image(page):
    rows = page.costs.values()
    assert {row["Conv2D(32, 3)"] for row in rows} == {"320"}
    assert len({row["Flatten, Dense(32)"] for row in rows}) == 3


def test_three_kernels_of_three_see_seven_pixels(page):
    widths = [int((one > 0).any(axis=0).sum()) for one in page.seen.values()]
    assert widths == [1, 3, 5, 7]


def test_the_frame_is_of_zeros_and_may_be_uneven(page):
    assert np.allclose(page.frames["valid"], 1) and page.frames["valid"].shape == (4, 4)
    same = page.frames["same"]
    assert np.allclose([same[2, 2], same[0, 2], same[0, 0]], [1, 6 / 9, 4 / 9])
    uneven = page.frames["same, 2 × 2"]
    assert np.allclose(uneven[:-1, :-1], 1)
    assert np.allclose(uneven[-1, :-1], 0.5) and np.allclose(uneven[:-1, -1], 0.5)


def test_strides_are_rows_first(page):
    layer = page.layers.Conv2D(1, 3, strides=(1, 2), padding="same")
    assert page.mapped(layer, np.zeros((12, 12))).shape == (12, 6)


def test_a_stride_takes_every_second_answer(page, random):
    picture, kernel = random.normal(size=(15, 15)), random.normal(size=(3, 3))
    every = page.mapped(page.fixed(kernel), picture)
    second_only = page.mapped(page.fixed(kernel, strides=2), picture)
    assert np.allclose(second_only, every[::2, ::2], atol=1e-5)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_the_formula_gives_keras_s_sizes(page, padding):
    for size, kernel, stride in product((7, 12, 28, 29), range(1, 8), range(1, 5)):
        layer = page.layers.Conv2D(1, kernel, strides=stride, padding=padding)
        found = layer.compute_output_shape((None, size, size, 1))[1:3]
        ours = page.output_size(size, kernel=kernel, stride=stride, padding=padding)
        assert found == (ours, ours), (size, kernel, stride)


def test_four_blocks_without_padding_end_before_the_fourth(page):
    with pytest.raises(ValueError, match="output size would be (zero or )?negative") as problem:
        page.blocks("valid")
    assert "(None, 1, 1, 32)" in str(problem.value)  # three blocks: a single pixel is left
    assert "(3, 3, 32, 64)" in str(problem.value)


def test_with_padding_the_last_pixel_has_seen_everything(page):
    model = page.blocks("same")
    assert model.output_shape == (None, 1, 1, 64)
    model.set_weights([np.ones_like(one) * (one.ndim > 1) for one in model.get_weights()])
    lit = np.zeros((5, 28, 28, 1))
    for place, (row, column) in enumerate([(0, 0), (0, 27), (27, 0), (27, 27), (14, 14)]):
        lit[place, row, column] = 1
    assert (page.through(model, lit) > 0).all()


@pytest.mark.parametrize(("size", "same"), [(1, True), (3, False)])
def test_a_kernel_of_one_pixel_does_not_mind_scrambling(page, size, same):
    layer = page.layers.Conv2D(4, size, padding="same", kernel_initializer="ones")
    assert page.order_is_irrelevant(layer) is same


def test_he_normal_keeps_the_signal_and_the_others_do_not(page):
    last = {name: found[-1] for name, found in page.plain.items()}
    assert last["normal, sd 0.01"] < 1e-6
    assert 0.01 < last["glorot_uniform"] < 0.1
    assert all(0.8 < one < 1.25 for one in page.plain["he_normal"])
    assert last["normal, sd 0.3"] > 1e6


def test_batch_normalisation_makes_all_four_alike(page):
    assert np.allclose(list(page.eased.values()), np.sqrt(0.5), atol=0.05)


def test_the_penalty_is_on_the_kernel_alone_and_the_outline_pays_most(page):
    assert page.total == pytest.approx(page.STRENGTH * (6 + 6 + 1 / 9 + 72), rel=1e-5)
    assert max(list(page.bill)[:4], key=page.bill.get) == "outline"


def test_the_mean_weakens_all_noise_and_the_maximum_black_specks_alone(page):
    untouched, largest, mean = page.pools.values()
    for kind in page.NOISES:
        before = page.distance(untouched, kind)
        assert page.distance(mean, kind) < before
        assert bool(page.distance(largest, kind) < before) is (kind == "black specks")


def test_larger_windows_notice_small_shifts_less(page):
    for shift in (1, 2, 3):
        changes = [page.change(pool, shift) for pool in page.POOLS.values()]
        assert changes == sorted(changes, reverse=True)
        assert changes[-1] == pytest.approx(0, abs=1e-6)


def test_a_pool_s_frame_is_not_of_zeros(page):
    for pool in (page.layers.AveragePooling2D, page.layers.MaxPooling2D):
        found = page.mapped(pool(3, padding="same"), -np.ones((5, 6)))
        assert np.allclose(found, -1) and found.shape == (2, 2)


def test_normalised_channels_are_alike_and_not_confined(page):
    assert np.allclose(page.after.mean(axis=0), 0, atol=1e-4)
    assert np.allclose(page.after.std(axis=0), 1, atol=0.02)
    assert page.after.std(axis=0).argmin() == page.widths.argmin()  # that is epsilon
    assert (np.abs(page.after) > 2).any(axis=0).all()


def test_inference_hardly_changes_the_first_batch(page):
    assert np.allclose(page.asked.mean(axis=0), page.batch.mean(axis=0), atol=0.3)


def test_a_third_of_the_way_is_missing_after_a_hundred_batches(page):
    missing = 1 - page.kept_means(0.99, batches=100)[-1] / 5
    assert missing == pytest.approx(0.99**100, abs=0.03)
    assert 0.99**100 > 1 / 3
    assert page.averages[0.9][49] == pytest.approx(5, abs=0.5)


def test_in_training_an_example_depends_on_the_rest_of_its_batch(page):
    low, high, alone = (fate["training"] for fate in page.fates.values())
    assert low > 1 and high < -1 and alone == 0
    assert np.allclose([fate["inference"] for fate in page.fates.values()], 1, atol=1e-3)


def test_a_pair_is_plus_or_minus_one(page):
    for companion in (1.7, 90, -90):
        answer = page.becomes([[1], [companion]], training=True)
        assert answer == pytest.approx(1 if companion < 1 else -1, abs=0.01)


def test_in_small_batches_the_output_for_an_example_varies_most(page):
    found = [page.spread_of_output(size) for size in page.SIZES]
    assert found == sorted(found, reverse=True)
    assert found[0] > 0.5 and found[-1] < 0.1
