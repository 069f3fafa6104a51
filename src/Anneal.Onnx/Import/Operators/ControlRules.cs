namespace Anneal.Onnx;

/// <summary>Operators that run graphs.</summary>
internal static class ControlRules
{
    internal static void Register(Dictionary<string, OnnxRule> rules)
    {
        rules["If"] = If;
        rules["Scan"] = Scan;
        rules["Loop"] = Loop;
    }

    private static OnnxValue[] If(OnnxCall call)
    {
        OnnxGraph then = call.Graph("then_branch"), otherwise = call.Graph("else_branch");
        if (call.Value(0).Known is { } known)
            return call.Interpreter.Run(known.GetDouble(0) != 0 ? then : otherwise, new OnnxScope(call.Scope));
        OnnxValue[] a = call.Interpreter.Run(then, new OnnxScope(call.Scope)), b = call.Interpreter.Run(otherwise, new OnnxScope(call.Scope));
        if (a.Length != b.Length || a.Zip(b).Any(p => p.First.Type != p.Second.Type))
            throw call.Fail("its branches give other types, so that the shapes of what follows depend on the model's inputs. Anneal's shapes are known before a program runs.");
        return [.. a.Zip(b, (x, y) => (OnnxValue)Tensor.Select(call[0].Reshape(Shape.Scalar), x.Tensor, y.Tensor))];
    }

    /// <summary>A scan as the format has it since version 9: states, then sequences along their axes, each in its direction.</summary>
    private static OnnxValue[] Scan(OnnxCall call)
    {
        OnnxGraph body = call.Graph("body");
        long given = call.Integer("num_scan_inputs");
        if (given < 1 || given > call.Count || call.Opset < 9)
            throw call.Fail($"it has {given} sequences among {call.Count} inputs, or is of version 8.");
        int sequences = (int)given, states = call.Count - sequences, stacked = body.Outputs.Count - states;
        if (body.Inputs.Count != call.Count || stacked < 0)
            throw call.Fail("its body has not an input for each state and sequence, or no output for a state.");
        bool[] inputsBack = Directions(call, "scan_input_directions", sequences), outputsBack = Directions(call, "scan_output_directions", stacked);
        long[] inputAxes = call.OptionalIntegers("scan_input_axes") ?? new long[sequences], outputAxes = call.OptionalIntegers("scan_output_axes") ?? new long[stacked];
        if (inputAxes.Length != sequences || outputAxes.Length != stacked)
            throw call.Fail("its axes are not one for each sequence.");
        Tensor[] initial = [.. Enumerable.Range(0, states).Select(i => call[i])];
        Tensor[] along = [.. Enumerable.Range(0, sequences).Select(i => ToFront(call, call[states + i], inputAxes[i]))];

        // The loop goes one way. Where some sequences go the other, they are turned around it.
        bool reverse = inputsBack.All(b => b);
        for (int i = 0; i < sequences; i++)
            along[i] = inputsBack[i] == reverse ? along[i] : along[i].Flip(0);
        (Tensor[] last, Tensor[] all) = Tensor.Scan((carries, elements) => Step(call, body, [.. carries, .. elements], states), initial, along, reverse);
        for (int i = 0; i < stacked; i++)
        {
            Tensor output = outputsBack[i] == reverse ? all[i] : all[i].Flip(0);
            int axis = call.Axis(outputAxes[i], output.Shape.Rank);
            all[i] = axis == 0 ? output : output.Transpose([.. Enumerable.Range(1, axis), 0, .. Enumerable.Range(axis + 1, output.Shape.Rank - axis - 1)]);
        }

        return [.. last.Concat(all).Select(t => (OnnxValue)t)];
    }

    private static (IReadOnlyList<Tensor> Carries, IReadOnlyList<Tensor> Outputs) Step(OnnxCall call, OnnxGraph body, Tensor[] inputs, int states)
    {
        var scope = new OnnxScope(call.Scope);
        for (int i = 0; i < inputs.Length; i++)
        {
            if (!scope.TryAdd(body.Inputs[i].Name, inputs[i]))
                throw call.Fail("two inputs of its body have one name.");
        }

        Tensor[] outputs = [.. call.Interpreter.Run(body, scope).Select(o => o.Tensor)];
        return (outputs[..states], outputs[states..]);
    }

    private static Tensor ToFront(OnnxCall call, Tensor x, long axis)
    {
        int at = call.Axis(axis, x.Shape.Rank);
        return at == 0 ? x : x.Transpose([at, .. Enumerable.Range(0, x.Shape.Rank).Where(a => a != at)]);
    }

    private static bool[] Directions(OnnxCall call, string name, int count)
    {
        long[] values = call.OptionalIntegers(name) ?? new long[count];
        return values.Length == count ? [.. values.Select(v => v != 0)] : throw call.Fail($"{name} has not a direction for each sequence.");
    }

    /// <summary>A loop whose number of steps is known and that nothing ends before.</summary>
    private static OnnxValue[] Loop(OnnxCall call)
    {
        OnnxGraph body = call.Graph("body");
        double steps = call.Has(0) ? call.KnownNumber(0, "the number of steps") : double.PositiveInfinity;
        if (call.Has(1) && call.KnownNumber(1, "the condition") == 0)
            steps = 0;
        if (!(steps is >= 0 and <= int.MaxValue))
            throw call.Fail("it ends by a condition alone, so that its number of steps is not known before it runs.");
        int states = call.Count - 2;
        if (states < 0 || body.Inputs.Count != states + 2 || body.Outputs.Count < states + 1)
            throw call.Fail("its body has not an input and an output for each state.");
        Tensor[] initial = [.. Enumerable.Range(0, states).Select(i => call[i + 2])];
        (Tensor[] last, Tensor[] all) = Tensor.Scan(
            (carries, elements) =>
            {
                var scope = new OnnxScope(call.Scope);
                OnnxValue[] inputs = [elements[0], TensorData.Scalar(true), .. carries.Select(c => (OnnxValue)c)];
                for (int i = 0; i < inputs.Length; i++)
                {
                    if (!scope.TryAdd(body.Inputs[i].Name, inputs[i]))
                        throw call.Fail("two inputs of its body have one name.");
                }

                OnnxValue[] outputs = call.Interpreter.Run(body, scope);
                if (outputs[0].Known is not { } goesOn || goesOn.GetDouble(0) == 0)
                    throw call.Fail("its condition is computed in its body, so that its number of steps is not known before it runs.");
                Tensor[] tensors = [.. outputs[1..].Select(o => o.Tensor)];
                return (tensors[..states], tensors[states..]);
            },
            initial, [Tensor.Range((long)steps, DType.Int64)]);
        return [.. last.Concat(all).Select(t => (OnnxValue)t)];
    }
}
