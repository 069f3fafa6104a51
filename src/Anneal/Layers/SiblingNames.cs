using System.Globalization;
using System.Text;

namespace Anneal;

/// <summary>Names of the layers inside of one layer or model: the first of a type has its name, later ones a counter as well.</summary>
internal sealed class SiblingNames
{
    private readonly HashSet<string> _taken = [];

    /// <summary>Reserves a name that the user chose.</summary>
    internal string Take(string name, Layer parent) => _taken.Add(name)
        ? name
        : throw new OptionException($"Two layers of {parent.Name} have the name {name}. Hint: names within a model are unique.");

    /// <summary>Makes a free name such as <c>dense_1</c>.</summary>
    internal string Make(string stem)
    {
        string name = stem;
        for (int counter = 1; !_taken.Add(name); counter++)
            name = string.Create(CultureInfo.InvariantCulture, $"{stem}_{counter}");
        return name;
    }

    /// <summary>Makes a name free again.</summary>
    internal void Release(string name) => _taken.Remove(name);

    internal static void RequireValid(string name)
    {
        if (name.Length == 0 || name.Any(c => c == '/' || char.IsControl(c) || char.IsWhiteSpace(c)))
            throw new OptionException($"'{name}' is not a name: it must not be empty or contain '/', white space or control characters.");
    }

    /// <summary>Such as <c>max_pool2d</c> from <c>MaxPool2D</c>: an underscore before each capital that begins a word, as Keras.</summary>
    internal static string ToSnakeCase(string name)
    {
        var text = new StringBuilder();
        for (int i = 0; i < name.Length; i++)
        {
            bool capital = char.IsUpper(name[i]);
            bool beginsWord = capital && i + 1 < name.Length && char.IsLower(name[i + 1]);
            bool followsWord = capital && i > 0 && char.IsLower(name[i - 1]);
            if (i > 0 && (beginsWord || followsWord))
                text.Append('_');
            text.Append(char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }
}
