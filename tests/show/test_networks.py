import matplotlib as mpl
import pytest

from labkit.errors import ModelError, ParameterError
from labkit.show import networks, tables

mpl.use("Agg")


def network():
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((8, 6, 1)),
            layers.Conv2D(4, 3),  # (n, 6, 4, 4)
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            layers.MaxPooling2D((3, 2)),  # (n, 2, 2, 4)
            layers.Flatten(),
            layers.Dense(5),
        ]
    )


def words(figure):
    return [text.get_text() for panel in figure.axes for text in panel.texts]


def squares(figure):
    return [(patch.get_height(), patch.get_width()) for patch in figure.axes[0].patches]


def test_every_step_has_its_name_and_its_shape():
    said = words(networks.shapes({"tiny": network()}))
    assert "tiny" in said
    for word in ("image", "8×6×1", "Conv2D\n3×3", "6×4×4", "MaxPooling2D\n3×2", "2×2×4", "16", "5"):
        assert word in said


def test_what_leaves_the_shape_alone_is_left_out():
    said = words(networks.shapes({"tiny": network()}))
    assert not {"Dropout", "BatchNormalization"} & set(said)


def test_sides_are_to_scale_and_vectors_are_bars():
    image, *_, first_bar, last_bar = squares(networks.shapes({"tiny": network()}))
    assert image[0] / image[1] == pytest.approx(8 / 6)
    convolved = squares(networks.shapes({"tiny": network()}))[1]
    assert convolved[0] / image[0] == pytest.approx(6 / 8)
    assert first_bar == last_bar
    assert first_bar[0] > 5 * first_bar[1]


def test_an_image_of_one_channel_is_one_sheet_and_a_stack_is_three():
    figure = networks.shapes({"tiny": network()})
    assert len(figure.axes[0].patches) == 1 + 3 + 3 + 2  # image, two stacks, two bars


def test_each_network_has_a_row_on_the_same_scale():
    figure = networks.shapes({"one": network(), "other": network()})
    assert len(figure.axes) == 2
    assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim()


@pytest.mark.parametrize("show", [lambda model: networks.shapes({"two": model}), tables.summary])
def test_several_inputs_are_refused(show):
    import keras

    ends = [keras.Input((8, 8, 1)), keras.Input((8, 8, 1))]
    with pytest.raises(ModelError) as failed:
        show(keras.Model(ends, keras.layers.Add()(ends)))
    assert str(failed.value) == (
        "model: expected one input and one output; received 2 inputs and 1 output. Train it with "
        "plain Keras: model.compile(…), then model.fit(…)."
    )


def test_says_what_it_can_draw():
    import keras

    flat = keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)])
    with pytest.raises(ParameterError) as failed:
        networks.shapes({"flat": flat})
    assert str(failed.value) == (
        "diagrams.shapes: expected at least one network on images, input (None, height, width, "
        "channels); received flat: (None, 784). Pass {title: build()}; a dense network needs "
        "Flatten inside, not before."
    )
