namespace Anneal.Cpu;

/// <summary>
/// Operations that the just-in-time compiler has as instructions. A compiled body calls them itself instead of a kernel that does
/// nothing else, because every call that has to be inlined costs tens of microseconds of compilation.
/// </summary>
internal enum Primitive
{
    Add,
    Subtract,
    Multiply,
    Divide,
    Max,
    Min,
    Sqrt,
    Floor,
    Ceiling,
    Round,
    Equals,
    LessThan,
    LessThanOrEqual,
    GreaterThan,
    GreaterThanOrEqual,
    BitwiseAnd,
    BitwiseOr,
    Xor,
    ConditionalSelect,
}

/// <summary>A kernel that is one instruction; bits are those of a constant second operand.</summary>
internal readonly record struct Shortcut(Primitive Primitive, int? Bits = null);
