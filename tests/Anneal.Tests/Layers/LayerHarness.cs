using System.Globalization;
using System.Text.RegularExpressions;
using Anneal.Cpu;
using Anneal.Execution;
using Anneal.Graphs;
using Anneal.Ops;
using Anneal.Reference;
using Anneal.Testing;
using Xunit.Sdk;

namespace Anneal.Tests;

/// <summary>A layer with one set of options, as the harness meets it.</summary>
/// <param name="Name">The layer and the option that differs, such as <c>Dense with useBias</c>.</param>
/// <param name="Case">The case that it belongs to.</param>
/// <param name="Make">Makes the layer, always the same.</param>
internal sealed record LayerSubject(string Name, LayerCase Case, Func<Layer> Make)
{
    /// <summary>The case with its ordinary options.</summary>
    internal LayerSubject Ordinary => this with { Name = Name.Split(" with ")[0], Make = Case.Make };

    internal bool IsVariant => Make != Case.Make;
}

/// <summary>What the tests of all layers share: the subjects, traces of a layer alone and models around it.</summary>
internal static partial class LayerHarness
{
    private static readonly Lazy<Dictionary<string, LayerSubject>> Known = new(Collect);

    /// <summary>Every layer with every set of options, by name.</summary>
    internal static IReadOnlyDictionary<string, LayerSubject> Subjects => Known.Value;

    /// <summary>Builds the layer for its inputs and gives each parameter a value of its own, since many first values (zeros, ones) hide mistakes.</summary>
    internal static Layer Built(LayerSubject subject)
    {
        Layer layer = subject.Make();
        Trace(layer, subject.Case.Inputs, training: false);
        foreach (Parameter parameter in layer.Parameters)
        {
            double[] noise = Values.Uniform(parameter.Shape.ElementCount, -0.2, 0.2, (int)(StableHash.Of(parameter.Name) & 0xFFFF));
            for (int i = 0; i < noise.Length; i++)
                parameter.Storage.SetDouble(i, parameter.Storage.GetDouble(i) + noise[i]);
        }

        return layer;
    }

    /// <summary>The layer alone: its outputs, then the masks of those that have one. In training it draws from a fixed state.</summary>
    internal static Graph Trace(Layer layer, TensorType[] inputs, bool training, bool masked = false) => Graph.Of(
        "layer", inputs, x =>
        {
            Tensor[] outputs = layer.ApplyAll(masked ? WithMasks(x) : x);
            return [.. outputs, .. outputs.Select(Masks.Of).OfType<Tensor>()];
        },
        training, training ? RandomState() : null);

    /// <summary>The outputs and the gradients of their weighted sum with respect to all trained parameters and floating inputs.</summary>
    internal static Graph TraceGradients(Layer layer, TensorType[] inputs, bool training, DType? low = null, bool masked = false) => Graph.Of(
        "gradients of layer", inputs, x =>
        {
            Tensor[] outputs = layer.ApplyAll(masked ? WithMasks(x) : x);
            Tensor? sum = null;
            foreach (Tensor output in outputs.Where(o => o.DType.IsFloating()))
            {
                TensorData weights = Values.ToData(Values.Uniform(output.Shape.ElementCount, -1, 1, 41), output.Type);
                Tensor weighted = (output * Tensor.From(weights)).Sum();
                sum = sum is null ? weighted : sum + weighted;
            }

            if (sum is null)
                return outputs;
            if (low is { } type)
            {
                Tensor[] lowered = MixedPrecision.Lower(type, [sum, .. outputs]);
                (sum, outputs) = (lowered[0], lowered[1..]);
            }

            Tensor[] floating = [.. x.Where(i => i.DType.IsFloating())];
            return [.. outputs, .. Gradients.Of(sum, floating), .. Gradients.Of(sum, layer.Parameters)];
        },
        training, training ? RandomState() : null);

    /// <summary>The outputs of the layer for inputs with masks, with zeros in the place of steps that their masks leave out.</summary>
    internal static Graph TraceCounted(Layer layer, TensorType[] inputs, bool training) => Graph.Of(
        "what counts of layer", inputs, x =>
        {
            Tensor[] outputs = layer.ApplyAll(WithMasks(x));
            return [.. outputs.Select(o => Masks.Of(o) is { } mask ? Tensor.Select(Spread(mask, o.Shape), o, Tensor.Zeros(o.Shape, o.DType)) : o)];
        },
        training, training ? RandomState() : null);

    /// <summary>Whether an input is a sequence, or an image whose rows are taken for one.</summary>
    internal static bool TakesMasks(LayerCase test) => test.Inputs.Any(IsSequence);

    /// <summary>The values of inputs with other ones at the steps that <see cref="WithMasks"/> leaves out.</summary>
    internal static double[][] ChangeMasked(LayerCase test, double[][] values) => [.. values.Select((x, i) =>
    {
        TensorType type = test.Inputs[i];
        if (!IsSequence(type))
            return x;
        long inner = type.Shape[2..].ElementCount;
        return x.Select((v, j) => Counts(j / inner / type.Shape[1], j / inner % type.Shape[1]) ? v : 3 - v * 0.7 + j % 5).ToArray();
    })];

    /// <summary>
    /// Values for the inputs of a case: those of floating-point inputs lie on one grid, each at a place of its own and none at 0, so that finite
    /// differences and rounding do not cross the kinks of maxima and of functions with one at 0.
    /// </summary>
    internal static double[][] Draw(LayerCase test, TensorType[] types) => [.. types.Select((type, i) =>
        type.DType.IsFloating() ? Grid(type.Shape.ElementCount, test.Span, i, types.Length)
        : Values.Integers(type.Shape.ElementCount, 0, type.DType == DType.Bool ? 2 : test.IndexLimit, 100 + i))];

    /// <summary>The inputs of a case for another number of examples.</summary>
    internal static TensorType[] WithBatch(LayerCase test, long count) =>
        [.. test.Inputs.Select(t => t with { Shape = new Shape(count).Concat(t.Shape[1..]) })];

    /// <summary>Runs a graph on the processor and in the reference, and says where outputs or updated variables differ. Variables stay as they were.</summary>
    internal static string? Difference(Graph graph, double[][] inputs, double tolerance) => Difference(graph, graph, inputs, tolerance);

    /// <summary>Runs a graph on the processor and another one of the same outputs and updates in the reference, and says where they differ.</summary>
    internal static string? Difference(Graph graph, Graph reference, double[][] inputs, double tolerance)
    {
        Dictionary<Tensor, double[]> expected = Interpreter.Run(reference, inputs);
        ProgramContext context = CompiledGraph.Compile(graph, new CpuDevice()).CreateContext();
        for (int i = 0; i < inputs.Length; i++)
            Values.ToData(inputs[i], graph.Inputs[i].Type).AsBytes().CopyTo(context.Inputs[i].AsBytes());
        byte[][] before = [.. graph.Updates.Select(u => u.Variable.Storage.AsBytes().ToArray())];
        context.Run();
        double[][] updated = [.. graph.Updates.Select(u => Values.ToDoubles(u.Variable.Storage))];
        for (int i = 0; i < before.Length; i++)
            before[i].CopyTo(graph.Updates[i].Variable.Storage.AsBytes());
        for (int i = 0; i < graph.Outputs.Length; i++)
        {
            if (Compare(expected[reference.Outputs[i]], Values.ToDoubles(context.Outputs[i]), tolerance) is { } difference)
                return $"output {i} of {graph.Outputs[i].Type}: {difference}";
        }

        for (int i = 0; i < updated.Length; i++)
        {
            if (Compare(expected[reference.Updates[i].Value], updated[i], tolerance) is { } difference)
                return $"the update of {graph.Updates[i].Variable}: {difference}";
        }

        return null;
    }

    /// <summary>What the layer is expected to give, before it has computed anything.</summary>
    internal static LayerOutput[] Connect(Layer layer, LayerCase test) => LayerCall.Connect(layer, InputsOf(test));

    /// <summary>A functional model of the layer alone.</summary>
    internal static Model ModelOf(Layer layer, LayerCase test)
    {
        LayerOutput[] inputs = InputsOf(test);
        return new Model(inputs, LayerCall.Connect(layer, inputs));
    }

    /// <summary>
    /// A model that a regression trains: the float32 outputs of the layer where it has parameters, else with a dense layer before or after
    /// it. Null where nothing can be trained because no output is a floating-point one.
    /// </summary>
    internal static (Model Model, ArrayDataset Data)? Trainable(LayerSubject subject, double learningRate)
    {
        LayerCase test = subject.Case;
        LayerOutput[] inputs = InputsOf(test);
        bool needsDense = !Built(subject).NamedVariables().Any(v => v.IsTrained);
        bool before = needsDense && test.Inputs.Any(TakesDense);
        LayerOutput[] fed = [.. inputs.Select((x, i) => before && TakesDense(test.Inputs[i]) ? new Dense((int)x.Shape[^1], name: $"before_{i}").Apply(x) : x)];
        LayerOutput[] outputs = [.. LayerCall.Connect(subject.Make(), fed).Where(o => o.Type.DType == DType.Float32)];
        if (needsDense && !before)
            outputs = [.. outputs.Where(o => o.Shape.Rank > 0).Select((o, i) => new Dense(2, name: $"after_{i}").Apply(o))];
        if (outputs.Length == 0)
            return null;
        var model = new Model(inputs, outputs);
        model.Compile(new Sgd(learningRate), [.. outputs.Select(_ => Loss.MeanSquaredError())]);
        return (model, RegressionFor(test, outputs));
    }

    /// <summary>
    /// All that tells two sets of options apart, as text: the graphs of inference, training and of a training step, the first values
    /// of the variables, and the outputs. Names of variables are left out.
    /// </summary>
    internal static string Fingerprint(LayerSubject subject)
    {
        Layer layer = subject.Make();
        Graph inference = Trace(layer, subject.Case.Inputs, training: false), training = Trace(layer, subject.Case.Inputs, training: true);
        double[][] inputs = Draw(subject.Case, subject.Case.Inputs);
        string weights = string.Join("\n", layer.NamedVariables().Select(v =>
            $"{v.Variable.Type} {v.IsTrained} {Testing.Conformance.Digest([v.Variable.Storage.AsBytes().ToArray()])}"));
        string values = string.Join("\n", ReferenceDevice.Evaluate(inference, inputs).Concat(ReferenceDevice.Evaluate(training, inputs)).Select(Text));
        string step = Trainable(subject, 0.1) is var (model, data)
            ? Printed(model.CompiledStep(model.RequireSetup(), data, data.Count, isTraining: true, hasClassWeights: false).Compiled.Graph)
            : "";
        return string.Join("\n\n", Printed(inference), Printed(training), weights, values, step);
    }

    /// <summary>The graph as text, without the names of variables.</summary>
    internal static string Printed(Graph graph)
    {
        var names = new Dictionary<string, string>();
        return Quoted().Replace(Printer.Print(graph), m =>
        {
            if (!names.TryGetValue(m.Value, out string? number))
                names[m.Value] = number = names.Count.ToString(CultureInfo.InvariantCulture);
            return number;
        });
    }

    /// <summary>Fails with the name of the subject in front of the message.</summary>
    internal static void Require(bool condition, LayerSubject subject, string message)
    {
        if (!condition)
            throw new XunitException($"{subject.Name}: {message}");
    }

    private static double[] Grid(long count, (double Low, double High) span, int input, int inputs)
    {
        int[] places = [.. Enumerable.Range(0, (int)count)];
        new Random(100 + input).Shuffle(places);
        double step = (span.High - span.Low) / (count * inputs);
        return Array.ConvertAll(places, p => (double)(float)(span.Low + (p * inputs + input + 0.25) * step));
    }

    /// <summary>Attaches masks with holes to sequences: each example lacks other steps, the first one among them.</summary>
    private static Tensor[] WithMasks(Tensor[] inputs)
    {
        foreach (Tensor input in inputs.Where(x => IsSequence(x.Type)))
        {
            var mask = new bool[input.Shape[0], input.Shape[1]];
            for (int b = 0; b < mask.GetLength(0); b++)
            {
                for (int t = 0; t < mask.GetLength(1); t++)
                    mask[b, t] = Counts(b, t);
            }

            Masks.Attach(input, Tensor.From(mask));
        }

        return inputs;
    }

    private static bool Counts(long example, long step) => (example + step) % 3 != 2;

    private static bool IsSequence(TensorType batched) => batched.DType.IsFloating() && batched.Shape.Rank >= 3;

    private static Tensor Spread(Tensor mask, Shape shape)
    {
        var ones = new long[shape.Rank - mask.Shape.Rank];
        Array.Fill(ones, 1);
        return mask.Reshape(mask.Shape.Concat(ones)).BroadcastTo(shape);
    }

    private static Dictionary<string, LayerSubject> Collect()
    {
        var subjects = new Dictionary<string, LayerSubject>();
        var counts = new Dictionary<string, int>();
        foreach (LayerCase test in LayerCases.All)
        {
            string type = test.Make().TypeName;
            int count = counts[type] = counts.GetValueOrDefault(type) + 1;
            string name = count == 1 ? type : FormattableString.Invariant($"{type} ({count})");
            subjects.Add(name, new LayerSubject(name, test, test.Make));
            foreach ((string option, Func<Layer> make) in test.Variants)
            {
                string variant = $"{name} with {option}";
                for (int i = 2; subjects.ContainsKey(variant); i++)
                    variant = FormattableString.Invariant($"{name} with {option} ({i})");
                subjects.Add(variant, new LayerSubject(variant, test, make));
            }
        }

        return subjects;
    }

    private static LayerOutput[] InputsOf(LayerCase test) => [.. test.Inputs.Select(Begin)];

    private static LayerOutput Begin(TensorType batched) => new Input(batched.Shape[1..], batched.DType);

    private static bool TakesDense(TensorType batched) => batched.DType == DType.Float32 && batched.Shape.Rank >= 2;

    private static ArrayDataset RegressionFor(LayerCase test, LayerOutput[] outputs)
    {
        double[][] inputs = Draw(test, test.Inputs);
        ArraySource[] targets = [.. outputs.Select((o, i) =>
        {
            TensorType type = LayerCall.Batched(o.Type, test.Inputs[0].Shape[0]);
            return (ArraySource)Values.ToData(Values.Uniform(type.Shape.ElementCount, -1, 1, 200 + i), type);
        })];
        return new ArrayDataset([.. inputs.Select((x, i) => (ArraySource)Values.ToData(x, test.Inputs[i]))], targets);
    }

    private static State RandomState() => new(TensorData.From<long>([5, 3]), "random");

    private static string? Compare(double[] expected, double[] actual, double tolerance)
    {
        double scale = expected.Where(double.IsFinite).Select(Math.Abs).Append(1).Max();
        return Comparer.Difference(expected, actual, new Tolerance(tolerance * scale, 0));
    }

    private static string Text(double[] values) => string.Join(' ', values.Select(v => v.ToString("R", CultureInfo.InvariantCulture)));

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Quoted();
}
